CREATE TABLE carts (
  cart_id     binary(16)      NOT NULL,
  customer_id bigint unsigned DEFAULT NULL,
  touched_at  datetime        NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (cart_id),
  KEY idx_carts_customer (customer_id, touched_at DESC),
  CONSTRAINT fk_carts_customer FOREIGN KEY (customer_id) REFERENCES customers (customer_id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
