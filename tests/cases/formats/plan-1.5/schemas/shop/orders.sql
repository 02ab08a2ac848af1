CREATE TABLE orders (
  id bigint unsigned NOT NULL,
  user_id bigint unsigned NOT NULL,
  PRIMARY KEY (id),
  KEY idx_user (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
