-- Files, calendars and learning: long index names, json, checks, functional and invisible parts.
CREATE TABLE oc_storages (
  numeric_id bigint NOT NULL AUTO_INCREMENT,
  id varchar(64) COLLATE utf8mb4_bin DEFAULT NULL,
  available int NOT NULL DEFAULT '1',
  PRIMARY KEY (numeric_id),
  UNIQUE KEY storages_id_index (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
CREATE TABLE oc_filecache (
  fileid bigint NOT NULL AUTO_INCREMENT,
  storage bigint NOT NULL DEFAULT '0',
  path varchar(4000) COLLATE utf8mb4_bin DEFAULT NULL,
  path_hash varchar(32) COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  parent bigint NOT NULL DEFAULT '0',
  name varchar(250) COLLATE utf8mb4_bin DEFAULT NULL,
  size bigint NOT NULL DEFAULT '0',
  mtime bigint NOT NULL DEFAULT '0',
  encrypted int NOT NULL DEFAULT '0',
  etag varchar(40) COLLATE utf8mb4_bin DEFAULT NULL,
  checksum varchar(255) COLLATE utf8mb4_bin DEFAULT NULL,
  PRIMARY KEY (fileid),
  UNIQUE KEY fs_storage_path_hash (storage,path_hash),
  KEY fs_parent_name_hash (parent,name),
  KEY fs_storage_size (storage,size,fileid),
  KEY fs_storage_path_prefix (storage,path(64))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
CREATE TABLE oc_calendarobjects (
  id bigint unsigned NOT NULL AUTO_INCREMENT,
  calendardata longblob,
  uri varchar(255) COLLATE utf8mb4_bin DEFAULT NULL,
  calendarid bigint unsigned NOT NULL,
  firstoccurence bigint unsigned DEFAULT NULL,
  classification int DEFAULT '0',
  deleted_at int unsigned DEFAULT NULL,
  details json DEFAULT NULL,
  kind varchar(20) GENERATED ALWAYS AS (json_unquote(json_extract(details,'$.kind'))) STORED,
  PRIMARY KEY (id),
  UNIQUE KEY calobjects_index (calendarid,uri),
  KEY calobj_clssfction_index (classification),
  KEY kind (kind),
  CONSTRAINT sane CHECK (classification >= 0 and classification < 10)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE mdl_course (
  id bigint NOT NULL AUTO_INCREMENT,
  category bigint NOT NULL DEFAULT '0',
  fullname varchar(254) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT '',
  shortname varchar(255) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT '',
  summary longtext COLLATE utf8mb4_unicode_ci,
  format varchar(21) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT 'topics',
  startdate bigint NOT NULL DEFAULT '0',
  visible tinyint(1) NOT NULL DEFAULT '1',
  PRIMARY KEY (id),
  KEY mdl_cour_cat_ix (category),
  KEY mdl_cour_sho_ix (shortname)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=COMPRESSED COMMENT='Central course table';
CREATE TABLE mdl_grade_items (
  id bigint NOT NULL AUTO_INCREMENT,
  courseid bigint DEFAULT NULL,
  itemname varchar(255) COLLATE utf8mb4_unicode_ci DEFAULT NULL,
  grademax decimal(10,5) NOT NULL DEFAULT '100.00000',
  gradepass decimal(10,5) NOT NULL DEFAULT '0.00000',
  weightoverride tinyint(1) NOT NULL DEFAULT '0',
  PRIMARY KEY (id),
  KEY mdl_graditem_cou_ix (courseid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4;
