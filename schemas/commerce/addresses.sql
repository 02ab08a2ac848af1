CREATE TABLE addresses (
  customer_id bigint unsigned   NOT NULL,
  address_no  smallint unsigned NOT NULL,
  kind        enum('billing','shipping') NOT NULL DEFAULT 'shipping',
  line1       varchar(200)      NOT NULL,
  line2       varchar(200)      DEFAULT NULL,
  postcode    varchar(16)       CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  city        varchar(100)      NOT NULL,
  country     char(2)           NOT NULL,
  PRIMARY KEY (customer_id, address_no),
  KEY idx_addresses_place (country, postcode),
  CONSTRAINT fk_addresses_customer FOREIGN KEY (customer_id) REFERENCES customers (customer_id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
