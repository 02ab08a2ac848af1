CREATE TABLE reviews (
  review_id   bigint unsigned  NOT NULL,
  product_id  bigint unsigned  NOT NULL,
  customer_id bigint unsigned  NOT NULL,
  stars       tinyint unsigned NOT NULL,
  body        text             NOT NULL,
  tags        json             NOT NULL DEFAULT (json_array()),
  PRIMARY KEY (review_id),
  UNIQUE KEY uq_reviews_once (product_id, customer_id),
  KEY idx_reviews_customer (customer_id),
  KEY idx_reviews_tags ((cast(tags AS char(40) ARRAY))),
  FULLTEXT KEY ft_reviews_body (body),
  CONSTRAINT fk_reviews_customer FOREIGN KEY (customer_id) REFERENCES customers (customer_id),
  CONSTRAINT fk_reviews_product FOREIGN KEY (product_id) REFERENCES products (product_id),
  CONSTRAINT chk_reviews_stars CHECK (stars BETWEEN 1 AND 5)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
