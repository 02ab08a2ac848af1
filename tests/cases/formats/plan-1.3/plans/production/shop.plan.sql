-- Plan for keyspace shop in production (mysql 9.7)
-- For reading. Apply derives the statements again and runs them only if both are equal.
--
-- 2 of 2 shards change, in 1 change set.
-- Wave 1 of 2: -80
-- Wave 2 of 2: 80-
--
-- While shards differ, a `SELECT *` that goes to several of them gets rows of more than one shape; name the columns in such queries.
--     orders: from wave 1 until wave 2 of 2 has ended, legacy only where it has not
--     users: from wave 1 until wave 2 of 2 has ended, email only where this plan has run

-- ============================================================================
-- Change set 1 of 1: all 2 shards
-- before sha256:86f9fdd81dd30cf2f85e5c8714e4887e68c48186c310d0a3bf7fe3b969197c43
-- after  sha256:6425de379825fdaedd3045e4cb6e4e82ea5f0a19352618b0dad59dbc6b0bd549

-- 1.1 procedure bought: DROP, calls fail from then on, no row goes
--     hazard breaks-object (bought): calls of the procedure fail until the next statement has made it again
DROP PROCEDURE `bought`;

-- 1.2 procedure bought: CREATE, metadata only, nothing waits
--     made with character_set_client=utf8mb4 collation_connection=utf8mb4_0900_ai_ci sql_mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION database_collation=utf8mb4_0900_ai_ci
CREATE PROCEDURE `bought`(IN who bigint unsigned)
    READS SQL DATA
    SQL SECURITY INVOKER
BEGIN
  -- by one of them
  SELECT count(*) FROM orders WHERE user_id = who AND id > 0;
END;

-- 1.3 orders: INSTANT, metadata only, no lock
--     hazard drop-column (legacy): the column and its values are lost, and code that uses it fails
--         allowed: nothing reads it since March
ALTER TABLE `orders` ALGORITHM=INSTANT, DROP COLUMN `legacy`;

-- 1.4 orders: INPLACE, no rebuild, reads and writes go on
--     refused where the table holds more than 100,000 rows
ALTER TABLE `orders` ALGORITHM=INPLACE, LOCK=NONE, ADD KEY `idx_user` (`user_id`);

-- 1.5 users: INSTANT, metadata only, no lock
ALTER TABLE `users` ALGORITHM=INSTANT, ADD COLUMN `email` varchar(255) DEFAULT NULL;

-- 1.6 view buyers: REPLACE, metadata only, waits for whoever reads the view
--     made with character_set_client=utf8mb4 collation_connection=utf8mb4_0900_ai_ci
CREATE OR REPLACE ALGORITHM=UNDEFINED SQL SECURITY INVOKER VIEW `buyers` AS select `u`.`id` AS `id`,`u`.`email` AS `email`,`o`.`id` AS `order_id` from (`users` `u` join `orders` `o` on((`o`.`user_id` = `u`.`id`)));
