CREATE TABLE categories (
  category_id int unsigned NOT NULL,
  parent_id   int unsigned DEFAULT NULL,
  slug        varchar(80)  CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  title       varchar(120) NOT NULL,
  PRIMARY KEY (category_id),
  UNIQUE KEY uq_categories_slug (slug),
  KEY idx_categories_parent (parent_id),
  CONSTRAINT fk_categories_parent FOREIGN KEY (parent_id) REFERENCES categories (category_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci COMMENT='The same tree on every shard';
