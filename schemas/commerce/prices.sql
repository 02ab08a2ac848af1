CREATE TABLE prices (
  product_id bigint unsigned NOT NULL,
  currency   char(3)         CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  valid_from date            NOT NULL,
  valid_to   date            DEFAULT NULL,
  amount     decimal(12,2) unsigned NOT NULL,
  PRIMARY KEY (product_id, currency, valid_from DESC),
  CONSTRAINT fk_prices_product FOREIGN KEY (product_id) REFERENCES products (product_id) ON DELETE CASCADE,
  CONSTRAINT chk_prices_period CHECK (valid_to IS NULL OR valid_to > valid_from)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
