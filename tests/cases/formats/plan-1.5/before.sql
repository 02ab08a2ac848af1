SET time_zone = '+00:00';
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
CREATE DEFINER = 'reconciler'@'127.0.0.1' EVENT tidy ON SCHEDULE EVERY 1 DAY DO DELETE FROM users WHERE id < 0;
CREATE DEFINER = 'reconciler'@'127.0.0.1' EVENT unwanted ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM users WHERE id < 1;
