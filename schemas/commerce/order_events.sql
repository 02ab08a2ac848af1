-- One row per thing that happened to an order; old years are dropped by partition.
CREATE TABLE order_events (
  event_id    bigint unsigned NOT NULL,
  order_id    bigint unsigned NOT NULL,
  happened_on date            NOT NULL,
  kind        varchar(40)     NOT NULL,
  payload     json            DEFAULT NULL,
  PRIMARY KEY (event_id, happened_on),
  KEY idx_order_events_order (order_id, happened_on DESC)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
PARTITION BY RANGE COLUMNS (happened_on) (
  PARTITION p2024 VALUES LESS THAN ('2025-01-01'),
  PARTITION p2025 VALUES LESS THAN ('2026-01-01'),
  PARTITION p2026 VALUES LESS THAN ('2027-01-01'),
  PARTITION pmax  VALUES LESS THAN (MAXVALUE)
);
