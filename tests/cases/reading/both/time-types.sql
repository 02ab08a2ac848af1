CREATE TABLE times (
  a date, b date NOT NULL DEFAULT '2020-01-01', c time, d time(3) NOT NULL DEFAULT '10:00:00.123', e datetime, f datetime(6) DEFAULT NULL,
  g year, h year DEFAULT 1970, i datetime DEFAULT '2020-01-01 00:00:00', j time DEFAULT '-838:59:59'
);
CREATE TABLE now_columns (
  a datetime DEFAULT CURRENT_TIMESTAMP, b datetime(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  c datetime ON UPDATE now(), d datetime NOT NULL DEFAULT now(), e datetime(3) NOT NULL ON UPDATE CURRENT_TIMESTAMP(3) COMMENT 'touched'
);
CREATE TABLE timestamps (
  a timestamp NULL, b timestamp NULL DEFAULT NULL, c timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  d timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), e timestamp NOT NULL DEFAULT '2020-01-01 00:00:00', f timestamp(2) NULL DEFAULT now(2) COMMENT 'x'
);
