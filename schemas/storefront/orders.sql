-- Spread as customers are, so that an order lies on the shard of whoever placed it.
CREATE TABLE orders (
  customer_id  bigint unsigned NOT NULL,
  order_no     int unsigned    NOT NULL,
  status       varchar(20)     NOT NULL DEFAULT 'new',
  amount       decimal(10,2)   NOT NULL DEFAULT '0.00',
  note         varchar(400)    NOT NULL DEFAULT '',
  placed_at    datetime(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (customer_id, order_no),
  KEY idx_orders_placed (placed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
