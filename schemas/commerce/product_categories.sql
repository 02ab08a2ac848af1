CREATE TABLE product_categories (
  product_id  bigint unsigned NOT NULL,
  category_id int unsigned    NOT NULL,
  position    smallint        NOT NULL DEFAULT '0',
  PRIMARY KEY (product_id, category_id),
  KEY idx_product_categories_category (category_id, position),
  CONSTRAINT fk_product_categories_category FOREIGN KEY (category_id) REFERENCES categories (category_id),
  CONSTRAINT fk_product_categories_product FOREIGN KEY (product_id) REFERENCES products (product_id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
