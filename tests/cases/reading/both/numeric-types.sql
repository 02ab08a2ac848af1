CREATE TABLE integers (
  a tinyint, b smallint unsigned, c mediumint NOT NULL, d int DEFAULT 5, e integer unsigned NOT NULL DEFAULT '0',
  f bigint DEFAULT -9223372036854775808, g bigint unsigned DEFAULT 18446744073709551615, h tinyint(1), i bool DEFAULT true,
  j boolean NOT NULL DEFAULT false, k int(5), l int(5) zerofill, m int zerofill, n bigint(20) unsigned zerofill NOT NULL
);
CREATE TABLE serials (id serial, b int);
CREATE TABLE fractions (
  a decimal, b decimal(5), c decimal(10,2) unsigned DEFAULT 1, d dec(65,30) DEFAULT 0, e numeric(5,2) NOT NULL DEFAULT 1.5,
  f fixed(8,3), g float, h float(7,3), i float(20), j float(30), k double, l double(5,2) zerofill, m double precision,
  n real unsigned DEFAULT 1.5e10, o double DEFAULT -1e100
);
CREATE TABLE bits (a bit, b bit(8) DEFAULT b'101', c bit(64) NOT NULL DEFAULT 5, d bit DEFAULT b'1');
CREATE TABLE counted (id int unsigned NOT NULL AUTO_INCREMENT, PRIMARY KEY (id)) AUTO_INCREMENT=1000;
CREATE TABLE counted_twice_keyed (a int NOT NULL, id bigint AUTO_INCREMENT UNIQUE, PRIMARY KEY (a));
CREATE TABLE counted_in_fractions (id smallint AUTO_INCREMENT PRIMARY KEY COMMENT 'a; comment');
