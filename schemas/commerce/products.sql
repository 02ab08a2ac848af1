CREATE TABLE products (
  product_id  bigint unsigned NOT NULL,
  sku         varchar(40)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  title       varchar(200)    NOT NULL,
  description text            NOT NULL,
  attributes  json            NOT NULL DEFAULT (json_object()),
  color       varchar(30)     GENERATED ALWAYS AS (json_unquote(json_extract(attributes, '$.color'))) VIRTUAL,
  weight_g    int unsigned    DEFAULT NULL COMMENT 'grams, packed',
  active      tinyint(1)      NOT NULL DEFAULT '1',
  PRIMARY KEY (product_id),
  UNIQUE KEY uq_products_sku (sku),
  KEY idx_products_color (color),
  FULLTEXT KEY ft_products_text (title, description),
  CONSTRAINT chk_products_weight CHECK (weight_g IS NULL OR weight_g > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
