"""Schemas in which there is something of everything that a server can print."""

from __future__ import annotations

from functools import cache

from reconciler.ddl.read import read_table
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import CreatedWith
from reconciler.model.schema import OtherObject, Schema
from reconciler.model.server import ServerVersion
from tests.unit.diff.tables import MARIADB, MYSQL

RICH = {
    MYSQL: [
        r"""CREATE TABLE `orders` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `note` varchar(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'it''s' COMMENT 'n',
  `total` int GENERATED ALWAYS AS ((`id` * 2)) STORED NOT NULL /*!80023 INVISIBLE */,
  `tag` varchar(36) DEFAULT (concat(_utf8mb4')',uuid())),
  `place` point NOT NULL /*!80003 SRID 4326 */,
  `at` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`note`(5) DESC,(lower(`note`))) USING BTREE COMMENT 'k' /*!80000 INVISIBLE */,
  KEY `by_total` (`total`,`id`),
  FULLTEXT KEY `words` (`note`) /*!50100 WITH PARSER `ngram` */ ,
  CONSTRAINT `parent` FOREIGN KEY (`id`, `total`) REFERENCES `far`.`p` (`a`, `b`) ON DELETE CASCADE,
  CONSTRAINT `positive` CHECK ((`id` > 0)) /*!80016 NOT ENFORCED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci COMMENT='x'""",
        r"""CREATE TABLE `parts` (
  `id` int NOT NULL,
  `from` date NOT NULL,
  `till` date NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
/*!50100 PARTITION BY RANGE (`id`)
SUBPARTITION BY HASH (`id`)
SUBPARTITIONS 2
(PARTITION p0 VALUES LESS THAN (10) COMMENT = 'low' ENGINE = InnoDB,
 PARTITION p1 VALUES LESS THAN (20) ENGINE = InnoDB) */""",
        r"""CREATE TABLE `named` (
  `id` int NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
/*!50100 PARTITION BY RANGE (`id`)
SUBPARTITION BY HASH (`id`)
(PARTITION p0 VALUES LESS THAN (10)
 (SUBPARTITION s0 ENGINE = InnoDB,
  SUBPARTITION s1 ENGINE = InnoDB)) */""",
    ],
    MARIADB: [
        r"""CREATE TABLE `orders` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `note` varchar(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL CHECK (`note` <> ''),
  `total` int(11) GENERATED ALWAYS AS (`id` * 2) STORED,
  `from` date NOT NULL,
  `till` date NOT NULL,
  PERIOD FOR `valid` (`from`, `till`),
  PRIMARY KEY (`id`,`valid` WITHOUT OVERLAPS),
  UNIQUE KEY `u` (`note`(5) DESC) USING BTREE COMMENT 'k' IGNORED,
  CONSTRAINT `parent` FOREIGN KEY (`id`, `total`) REFERENCES `far`.`p` (`a`, `b`) ON DELETE CASCADE,
  CONSTRAINT `positive` CHECK (`id` > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_ai_ci COMMENT='x'""",
        r"""CREATE TABLE `kept` (
  `a` int(11) DEFAULT NULL,
  `b` int(11) DEFAULT NULL WITHOUT SYSTEM VERSIONING,
  `v` vector(3) NOT NULL,
  VECTOR KEY `near` (`v`) `M`=8
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_ai_ci WITH SYSTEM VERSIONING""",
        r"""CREATE TABLE `parts` (
  `id` int(11) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_ai_ci
 PARTITION BY RANGE (`id`)
SUBPARTITION BY HASH (`id`)
(PARTITION `p0` VALUES LESS THAN (10)
 (SUBPARTITION `s0` ENGINE = InnoDB,
  SUBPARTITION `s1` COMMENT = 'second' ENGINE = InnoDB),
 PARTITION `p1` VALUES LESS THAN (20)
 (SUBPARTITION `s2` ENGINE = InnoDB,
  SUBPARTITION `s3` ENGINE = InnoDB))""",
    ],
}

TRIGGER = OtherObject(
    kind=ObjectKind.TRIGGER,
    name="on_order",
    definition="CREATE TRIGGER `on_order` BEFORE INSERT ON `orders` FOR EACH ROW SET NEW.note = ''",
    table="orders",
    action_order=1,
    definer="1" * 64,
    created_with=CreatedWith(
        character_set_client="utf8mb4",
        collation_connection="utf8mb4_bin",
        sql_mode="",
        database_collation="utf8mb4_bin",
    ),
)


@cache
def rich_schema(version: ServerVersion) -> Schema:
    tables = [read_table(text, version) for text in RICH[version]]
    return Schema(tables=tuple(sorted(tables, key=lambda t: t.name)), others=(TRIGGER,))
