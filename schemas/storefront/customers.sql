CREATE TABLE customers (
  customer_id  bigint unsigned NOT NULL,
  email        varchar(190)    NOT NULL,
  full_name    varchar(120)    NOT NULL DEFAULT '',
  country      char(2)         NOT NULL DEFAULT '',
  created_at   datetime(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (customer_id),
  KEY idx_customers_email (email)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci COMMENT='people who bought something';
