-- Plan for keyspace commerce in production (mysql 9.7)
-- For reading. Apply derives the statements again and runs them only if both are equal.
--
-- The VSchema changes before any shard is changed.
-- The VSchema changes when all shards are done.
-- 4 of 4 shards change, in 1 change set.
-- Wave 1 of 2: -40
-- Wave 2 of 2: 40-80, 80-c0, c0-

-- ============================================================================
-- VSchema, before any shard is changed
-- before sha256:eb7791ee3030c78c559ca3a85db3f80627f38c0a24889c4528ebd4935e8c3213
-- after  sha256:320b6b972dc49f71106372d356dde94a7029ffbebd8e0ba7d419c3ef9a939718
--
-- vschema foreign_key_mode: "disallow" becomes "managed"
--     hazard change-routing (foreign_key_mode): foreign keys are managed from now on: what Vitess refuses, checks and cascades is another
--         allowed: cascades are Vitess' from now on (DB-311)
--
--   @@ -1,4 +1,4 @@
--    {
--   -  "foreign_key_mode": "disallow",
--   +  "foreign_key_mode": "managed",
--      "sharded": true,
--      "tables": {

-- ============================================================================
-- Change set 1 of 1: all 4 shards
-- before sha256:e30d3154670c7c6ae096803191b101a7ef72bb565a71af4e109d3365adc3d029
-- after  sha256:ec500185727bff544ed36393b06b263084206cb595d5ebc3fc12f702d52a85fb

-- 1.1 coupons: CREATE, new table, nothing waits
CREATE TABLE `coupons` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `code` varchar(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  `percent` tinyint unsigned NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uq_code` (`code`),
  CONSTRAINT `percent_range` CHECK ((`percent` <= 100))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;

-- 1.2 users: INSTANT, metadata only, no lock
--     hazard drop-column (legacy): the values of the column are lost on every shard
--         allowed: unused since March
ALTER TABLE `users` ALGORITHM=INSTANT, DROP COLUMN `legacy`, ADD COLUMN `email` varchar(255) DEFAULT NULL;

-- 1.3 users: INPLACE, no rebuild, reads and writes go on
ALTER TABLE `users` ALGORITHM=INPLACE, LOCK=NONE, ADD KEY `idx_email` (`email`);

-- ============================================================================
-- VSchema, when all shards are done
-- before sha256:320b6b972dc49f71106372d356dde94a7029ffbebd8e0ba7d419c3ef9a939718
-- after  sha256:b4717888cdec6d8c047398629afe43b1f72a36a8097355276f0411405732f5a2
--
-- vindex by_email: added, {"owner": "users", "params": {"from": "email", "table": "lookup.emails", "to": "keyspace_id"}, "type": "consistent_lookup_unique"}
--
-- table coupons: added, {"auto_increment": {"column": "id", "sequence": "main.coupon_seq"}, "column_vindexes": [{"columns": ["id"], "name": "hash"}]}
--
-- table users: vindex added, {"columns": ["email"], "name": "by_email"}
--     hazard needs-backfill (by_email): rows of users that the lookup does not hold yet are not found by it: add it with write_only, backfill it, then take write_only away
--         NOT ALLOWED by policy
--
--   @@ -3,4 +3,18 @@
--      "sharded": true,
--      "tables": {
--   +    "coupons": {
--   +      "auto_increment": {
--   +        "column": "id",
--   +        "sequence": "main.coupon_seq"
--   +      },
--   +      "column_vindexes": [
--   +        {
--   +          "columns": [
--   +            "id"
--   +          ],
--   +          "name": "hash"
--   +        }
--   +      ]
--   +    },
--        "orders": {
--          "column_vindexes": [
--   @@ -20,4 +34,10 @@
--              ],
--              "name": "hash"
--   +        },
--   +        {
--   +          "columns": [
--   +            "email"
--   +          ],
--   +          "name": "by_email"
--            }
--          ]
--   @@ -25,4 +45,13 @@
--      },
--      "vindexes": {
--   +    "by_email": {
--   +      "owner": "users",
--   +      "params": {
--   +        "from": "email",
--   +        "table": "lookup.emails",
--   +        "to": "keyspace_id"
--   +      },
--   +      "type": "consistent_lookup_unique"
--   +    },
--        "hash": {
--          "type": "hash"
