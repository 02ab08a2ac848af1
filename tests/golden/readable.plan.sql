-- Plan for keyspace commerce in production (mysql 9.7)
-- For reading. Apply derives the statements again and runs them only if both are equal.
--
-- 3 of 4 shards change, in 2 change sets.
-- Already matching: c0-
-- Wave 1 of 2: -40
-- Wave 2 of 2: 40-80, 80-c0

-- ============================================================================
-- Change set 1 of 2: shards -40, 40-80
-- before sha256:47a2ba6e816c93bc72edbb69ff56c4786f1281b75ee2b4d82188c96ff0f457ca
-- after  sha256:ec500185727bff544ed36393b06b263084206cb595d5ebc3fc12f702d52a85fb

-- 1.1 users: INSTANT, metadata only, no lock
--     hazard drop-column (legacy): the values of the column are lost on every shard
--         allowed: unused since March
ALTER TABLE `users` ALGORITHM=INSTANT, DROP COLUMN `legacy`, ADD COLUMN `email` varchar(255) DEFAULT NULL;

-- 1.2 users: INPLACE, no rebuild, reads and writes go on
ALTER TABLE `users` ALGORITHM=INPLACE, LOCK=NONE, ADD KEY `idx_email` (`email`);

-- 1.3 orders: COPY, rewrites the table, blocks writes
--     refused where the table holds more than 100,000 rows
--     hazard narrow-type (note): varchar(500) becomes varchar(200): longer values do not fit, and the statement fails
--         allowed: longest value is 140 characters
--     hazard blocks-writes (orders): writes wait while about 61,000 rows are copied
ALTER TABLE `orders` ALGORITHM=COPY, LOCK=SHARED, MODIFY COLUMN `note` varchar(200) DEFAULT NULL;

-- ============================================================================
-- Change set 2 of 2: shard 80-c0
-- before sha256:cd1913075849bef8fcd53c275fd17a0b59109462e35c256fd2afcd05dc4e82b9
-- after  sha256:ec500185727bff544ed36393b06b263084206cb595d5ebc3fc12f702d52a85fb

-- 2.1 users: INSTANT, metadata only, no lock
--     hazard drop-column (legacy): the values of the column are lost on every shard
--         allowed: unused since March
ALTER TABLE `users` ALGORITHM=INSTANT, DROP COLUMN `legacy`, ADD COLUMN `email` varchar(255) DEFAULT NULL;

-- 2.2 orders: COPY, rewrites the table, blocks writes
--     refused where the table holds more than 100,000 rows
--     hazard narrow-type (note): varchar(500) becomes varchar(200): longer values do not fit, and the statement fails
--         allowed: longest value is 140 characters
--     hazard blocks-writes (orders): writes wait while about 61,000 rows are copied
ALTER TABLE `orders` ALGORITHM=COPY, LOCK=SHARED, MODIFY COLUMN `note` varchar(200) DEFAULT NULL;
