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
-- before sha256:d621f8f39a617d12eac9fd6798ef1b588f1865d4ba27806d21ab44a77a2a58e8
-- after  sha256:e6a973f27621999f29b02252bb27cd5025d72d235b1320ddda8c16e962b4d394

-- 1.1 trigger trimmed: REPLACE, writes wait while it is swapped, and none goes by without it
--     made with character_set_client=utf8mb4 collation_connection=utf8mb4_0900_ai_ci sql_mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION database_collation=utf8mb4_0900_ai_ci
LOCK TABLES `users` WRITE;
DROP TRIGGER IF EXISTS `trimmed`;
CREATE DEFINER=`reconciler`@`127.0.0.1` TRIGGER `trimmed` BEFORE INSERT ON `users` FOR EACH ROW PRECEDES `named` SET NEW.name = TRIM(NEW.name);
UNLOCK TABLES;

-- 1.2 orders: INSTANT, metadata only, no lock
--     hazard drop-column (legacy): the column and its values are lost, and code that uses it fails
--         allowed: nothing reads it since March
ALTER TABLE `orders` ALGORITHM=INSTANT, DROP COLUMN `legacy`;

-- 1.3 orders: INPLACE, no rebuild, reads and writes go on
--     refused where the table holds more than 100,000 rows
ALTER TABLE `orders` ALGORITHM=INPLACE, LOCK=NONE, ADD KEY `idx_user` (`user_id`);

-- 1.4 users: INSTANT, metadata only, no lock
ALTER TABLE `users` ALGORITHM=INSTANT, ADD COLUMN `email` varchar(255) DEFAULT NULL;
