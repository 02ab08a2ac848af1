CREATE TABLE orders (
  order_id       bigint unsigned NOT NULL,
  customer_id    bigint unsigned NOT NULL,
  status         enum('new','paid','shipped','returned','cancelled') NOT NULL DEFAULT 'new',
  currency       char(3)         CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  total          decimal(12,2) unsigned NOT NULL,
  shipping       decimal(12,2) unsigned NOT NULL DEFAULT '0.00',
  grand_total    decimal(13,2)   GENERATED ALWAYS AS (total + shipping) STORED,
  placed_at      datetime(3)     NOT NULL,
  note           varchar(500)    DEFAULT NULL,
  legacy_channel varchar(20)     DEFAULT NULL,
  PRIMARY KEY (order_id),
  KEY idx_orders_customer (customer_id, placed_at DESC),
  KEY idx_orders_status (status, placed_at),
  CONSTRAINT fk_orders_customer FOREIGN KEY (customer_id) REFERENCES customers (customer_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
