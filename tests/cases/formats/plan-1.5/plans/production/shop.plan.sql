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
-- before sha256:4001db593cc7f6c116261091cfb0714a4d30aa60cdece8f4aaf932f0ec8bb24b
-- after  sha256:f1563b9214d8969295f851ef7a38ecc01ea720d58936c51550b4f291274c4443

-- 1.1 event nightly: CREATE, new event, nothing waits
--     made with character_set_client=utf8mb4 collation_connection=utf8mb4_bin sql_mode=STRICT_TRANS_TABLES database_collation=utf8mb4_0900_ai_ci time_zone=+05:30
--     hazard runs-by-itself (nightly): the server of every shard does what it says by itself, each of them: EVERY 1 DAY STARTS '2030-01-01 03:00:00' ENDS '2035-01-01 00:00:00' (+05:30)
--         allowed: the owners of users agree
--     hazard runs-as (nightly): it does what it says with the rights of reconciler@127.0.0.1
--         allowed: the owners of users agree
CREATE DEFINER=`reconciler`@`127.0.0.1` EVENT `nightly` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' ENDS '2035-01-01 00:00:00' ON COMPLETION PRESERVE ENABLE COMMENT 'until the new shop is there' DO DELETE FROM users WHERE id < 0;

-- 1.2 event tidy: ALTER, metadata only, a run of it that has begun goes on
--     made with character_set_client=utf8mb4 collation_connection=utf8mb4_0900_ai_ci sql_mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION database_collation=utf8mb4_0900_ai_ci time_zone=+00:00
ALTER DEFINER=`reconciler`@`127.0.0.1` EVENT `tidy` ON COMPLETION NOT PRESERVE COMMENT '' DO DELETE FROM users WHERE id < 0 AND name = '';

-- 1.3 event unwanted: DROP, nothing runs it any more, a run of it that has begun goes on
--     hazard drop-program (unwanted): nothing does by itself what it did, from then on
--         allowed: nobody knows what it was for
DROP EVENT `unwanted`;

-- 1.4 orders: INSTANT, metadata only, no lock
--     hazard drop-column (legacy): the column and its values are lost, and code that uses it fails
--         allowed: nothing reads it since March
ALTER TABLE `orders` ALGORITHM=INSTANT, DROP COLUMN `legacy`;

-- 1.5 orders: INPLACE, no rebuild, reads and writes go on
--     refused where the table holds more than 100,000 rows
ALTER TABLE `orders` ALGORITHM=INPLACE, LOCK=NONE, ADD KEY `idx_user` (`user_id`);

-- 1.6 users: INSTANT, metadata only, no lock
ALTER TABLE `users` ALGORITHM=INSTANT, ADD COLUMN `email` varchar(255) DEFAULT NULL;
