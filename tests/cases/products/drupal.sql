-- A content system: serialised blobs, lengths in comments, ascii columns among utf8mb4 ones.
CREATE TABLE node (
  nid int unsigned NOT NULL AUTO_INCREMENT,
  vid int unsigned DEFAULT NULL,
  type varchar(32) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL COMMENT 'The ID of the target entity.',
  uuid varchar(128) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  langcode varchar(12) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  PRIMARY KEY (nid),
  UNIQUE KEY node_field__uuid__value (uuid),
  UNIQUE KEY node__vid (vid),
  KEY node_field__type__target_id (type)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci COMMENT='The base table for node entities.';
CREATE TABLE node_field_data (
  nid int unsigned NOT NULL,
  vid int unsigned NOT NULL,
  type varchar(32) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  langcode varchar(12) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  status tinyint NOT NULL,
  title varchar(255) NOT NULL,
  created int NOT NULL,
  promote tinyint NOT NULL,
  default_langcode tinyint NOT NULL,
  PRIMARY KEY (nid,langcode),
  KEY node__id__default_langcode__langcode (nid,default_langcode,langcode),
  KEY node__frontpage (promote,status,created),
  KEY node__title_type (title(191),type(4))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci COMMENT='The data table for node entities.';
CREATE TABLE cache_bootstrap (
  cid varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'Primary Key: Unique cache ID.',
  data longblob COMMENT 'A collection of data to cache.',
  expire bigint NOT NULL DEFAULT '0',
  created decimal(14,3) NOT NULL DEFAULT '0.000',
  serialized smallint NOT NULL DEFAULT '0',
  tags longtext CHARACTER SET ascii COLLATE ascii_general_ci,
  checksum varchar(255) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  PRIMARY KEY (cid),
  KEY expire (expire),
  KEY created (created)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci COMMENT='Storage for the cache API.';
CREATE TABLE menu_tree (
  menu_name varchar(32) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT '',
  mlid int unsigned NOT NULL AUTO_INCREMENT,
  id varchar(255) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  parent varchar(255) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT '',
  title longblob,
  p1 int unsigned NOT NULL DEFAULT '0',
  p2 int unsigned NOT NULL DEFAULT '0',
  p3 int unsigned NOT NULL DEFAULT '0',
  p4 int unsigned NOT NULL DEFAULT '0',
  p5 int unsigned NOT NULL DEFAULT '0',
  depth smallint NOT NULL DEFAULT '0',
  PRIMARY KEY (mlid),
  UNIQUE KEY id (id),
  KEY menu_parents (menu_name,p1,p2,p3,p4,p5),
  KEY menu_parent_expand_child (menu_name,parent(16))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE watchdog (
  wid bigint NOT NULL AUTO_INCREMENT,
  uid int unsigned NOT NULL DEFAULT '0',
  type varchar(64) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT '',
  message longtext NOT NULL,
  variables longblob NOT NULL,
  severity tinyint unsigned NOT NULL DEFAULT '0',
  hostname varchar(128) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT '',
  PRIMARY KEY (wid),
  KEY type (type),
  KEY severity (severity)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
