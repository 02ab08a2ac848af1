-- Plan for keyspace shop in production (mysql 9.7)
-- For reading. Apply derives the statements again and runs them only if both are equal.
--
-- In quarantine, and left alone: shard 80-, until 2999-12-31: its disk is failing.
-- 1 of 1 shard change, in 1 change set.
-- Wave 1 of 1: -80

-- ============================================================================
-- Change set 1 of 1: shard -80
-- before sha256:057d78796f89a0322581f087079b1f5af4a8e0541417c0d18206e7daf760470a
-- after  sha256:e74874c2b6cb95ced5212f4b4625d718d551504916c24ef42b5d9d934fa48c79

-- 1.1 orders: INSTANT, metadata only, no lock
--     hazard drop-column (legacy): the column and its values are lost, and code that uses it fails
--         allowed: nothing reads it since March
ALTER TABLE `orders` ALGORITHM=INSTANT, DROP COLUMN `legacy`;

-- 1.2 orders: INPLACE, no rebuild, reads and writes go on
--     refused where the table holds more than 100,000 rows
ALTER TABLE `orders` ALGORITHM=INPLACE, LOCK=NONE, ADD KEY `idx_user` (`user_id`);

-- 1.3 users: INSTANT, metadata only, no lock
ALTER TABLE `users` ALGORITHM=INSTANT, ADD COLUMN `email` varchar(255) DEFAULT NULL;
