CREATE TABLE order_items (
  order_id   bigint unsigned   NOT NULL,
  line_no    smallint unsigned NOT NULL,
  product_id bigint unsigned   NOT NULL,
  quantity   smallint unsigned NOT NULL,
  unit_price decimal(12,2) unsigned NOT NULL,
  PRIMARY KEY (order_id, line_no),
  KEY idx_order_items_product (product_id),
  CONSTRAINT fk_order_items_order FOREIGN KEY (order_id) REFERENCES orders (order_id) ON DELETE CASCADE,
  CONSTRAINT fk_order_items_product FOREIGN KEY (product_id) REFERENCES products (product_id),
  CONSTRAINT chk_order_items_quantity CHECK (quantity > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
