-- People who buy. `email_domain` is what fraud rules group by.
CREATE TABLE customers (
  customer_id  bigint unsigned NOT NULL,
  email        varchar(255)    NOT NULL,
  email_domain varchar(255)    GENERATED ALWAYS AS (substring_index(email, '@', -1)) STORED,
  full_name    varchar(120)    NOT NULL DEFAULT '',
  country      char(2)         NOT NULL,
  preferences  json            DEFAULT NULL,
  newsletter   tinyint(1)      GENERATED ALWAYS AS (json_extract(preferences, '$.newsletter') = TRUE) VIRTUAL,
  created_at   datetime(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at   datetime(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (customer_id),
  UNIQUE KEY uq_customers_email (email),
  KEY idx_customers_domain (email_domain(32)),
  KEY idx_customers_lower_name ((lower(full_name))),
  CONSTRAINT chk_customers_email CHECK (email LIKE '%_@_%'),
  CONSTRAINT chk_customers_country CHECK (char_length(country) = 2)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
