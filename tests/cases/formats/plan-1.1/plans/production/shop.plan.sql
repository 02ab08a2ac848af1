-- Plan for keyspace shop in production (mysql 9.7)
-- For reading. Apply derives the statements again and runs them only if both are equal.
--
-- 2 of 2 shards change, in 1 change set.
-- Wave 1 of 2: -80
-- Wave 2 of 2: 80-

-- ============================================================================
-- Change set 1 of 1: all 2 shards
-- before sha256:af84a7afcc59e85aac6f67ddcfc31b8015c14a282d5061c80ff0b270851cb4b9
-- after  sha256:9fa2baed302c28455987cc149bd1a927d5b4bbae1489d18df899640c25a4a7eb

-- 1.1 orders: INSTANT, metadata only, no lock
--     hazard drop-column (legacy): the column and its values are lost, and code that uses it fails
--         allowed: nothing reads it since March
ALTER TABLE `orders` ALGORITHM=INSTANT, DROP COLUMN `legacy`;

-- 1.2 orders: INPLACE, no rebuild, reads and writes go on
--     refused where the table holds more than 100,000 rows
ALTER TABLE `orders` ALGORITHM=INPLACE, LOCK=NONE, ADD KEY `idx_user` (`user_id`);

-- 1.3 users: INSTANT, metadata only, no lock
ALTER TABLE `users` ALGORITHM=INSTANT, ADD COLUMN `email` varchar(255) DEFAULT NULL;

-- 1.4 view buyers: REPLACE, metadata only, waits for whoever reads the view
--     made with character_set_client=utf8mb4 collation_connection=utf8mb4_0900_ai_ci
CREATE OR REPLACE ALGORITHM=UNDEFINED SQL SECURITY INVOKER VIEW `buyers` AS select `u`.`id` AS `id`,`u`.`email` AS `email`,`o`.`id` AS `order_id` from (`users` `u` join `orders` `o` on((`o`.`user_id` = `u`.`id`)));
