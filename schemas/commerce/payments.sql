CREATE TABLE payments (
  payment_id   bigint unsigned NOT NULL,
  order_id     bigint unsigned NOT NULL,
  provider     varchar(30)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  provider_ref varchar(120)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount       decimal(12,2)   NOT NULL,
  state        enum('authorized','captured','refunded','failed') NOT NULL,
  raw          json            DEFAULT NULL,
  PRIMARY KEY (payment_id),
  UNIQUE KEY uq_payments_provider_ref (provider, provider_ref),
  KEY idx_payments_order (order_id),
  CONSTRAINT fk_payments_order FOREIGN KEY (order_id) REFERENCES orders (order_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
