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
CREATE SQL SECURITY INVOKER VIEW buyers AS SELECT u.id, o.id AS order_id FROM users AS u JOIN orders AS o ON o.user_id = u.id;
CREATE PROCEDURE bought(IN who bigint unsigned) READS SQL DATA SQL SECURITY INVOKER SELECT legacy FROM orders WHERE user_id = who;
