CREATE TABLE users (
  id bigint unsigned NOT NULL,
  name varchar(50) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE orders (
  id bigint unsigned NOT NULL,
  user_id bigint unsigned NOT NULL,
  legacy int DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE DEFINER = 'reconciler'@'127.0.0.1' TRIGGER trimmed BEFORE INSERT ON users FOR EACH ROW SET NEW.name = NEW.name;
CREATE DEFINER = 'reconciler'@'127.0.0.1' TRIGGER named BEFORE INSERT ON users FOR EACH ROW SET NEW.name = UPPER(NEW.name);
