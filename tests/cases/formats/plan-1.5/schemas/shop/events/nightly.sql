-- reconciler: created with character_set_client=utf8mb4 collation_connection=utf8mb4_bin sql_mode=STRICT_TRANS_TABLES time_zone=+05:30
CREATE EVENT nightly
  ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' ENDS '2035-01-01'
  ON COMPLETION PRESERVE
  COMMENT 'until the new shop is there'
DO DELETE FROM users WHERE id < 0;
