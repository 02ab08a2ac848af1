CREATE TABLE users (
  id bigint unsigned NOT NULL,
  name varchar(50) NOT NULL,
  email varchar(255) DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
