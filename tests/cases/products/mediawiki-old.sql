-- A wiki with binary strings everywhere, a MyISAM search table and tables without a primary key.
CREATE TABLE user (
  user_id int unsigned NOT NULL PRIMARY KEY AUTO_INCREMENT,
  user_name varchar(255) binary NOT NULL default '',
  user_real_name varchar(255) binary NOT NULL default '',
  user_password tinyblob NOT NULL,
  user_newpass_time binary(14),
  user_email tinytext NOT NULL,
  user_touched binary(14) NOT NULL default '',
  user_token binary(32) NOT NULL default '',
  user_editcount int
) ENGINE=InnoDB DEFAULT CHARSET=binary;
CREATE UNIQUE INDEX user_name ON user (user_name);
CREATE INDEX user_email ON user (user_email(50));
CREATE TABLE user_groups (
  ug_user int unsigned NOT NULL default 0,
  ug_group varbinary(16) NOT NULL default ''
) ENGINE=InnoDB DEFAULT CHARSET=binary;
CREATE UNIQUE INDEX ug_user_group ON user_groups (ug_user,ug_group);
CREATE INDEX ug_group ON user_groups (ug_group);
CREATE TABLE page (
  page_id int unsigned NOT NULL PRIMARY KEY AUTO_INCREMENT,
  page_namespace int NOT NULL,
  page_title varchar(255) binary NOT NULL,
  page_restrictions tinyblob NOT NULL,
  page_counter bigint unsigned NOT NULL default 0,
  page_is_redirect tinyint unsigned NOT NULL default 0,
  page_random real unsigned NOT NULL,
  page_touched binary(14) NOT NULL default '',
  page_latest int unsigned NOT NULL,
  page_len int unsigned NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=binary MAX_ROWS=10000000 AVG_ROW_LENGTH=1024;
CREATE UNIQUE INDEX name_title ON page (page_namespace,page_title);
CREATE INDEX page_random ON page (page_random);
CREATE INDEX page_len ON page (page_len);
CREATE TABLE categorylinks (
  cl_from int unsigned NOT NULL default 0,
  cl_to varchar(255) binary NOT NULL default '',
  cl_sortkey varbinary(230) NOT NULL default '',
  cl_timestamp timestamp NOT NULL,
  cl_type ENUM('page', 'subcat', 'file') NOT NULL default 'page'
) ENGINE=InnoDB DEFAULT CHARSET=binary;
CREATE UNIQUE INDEX cl_from ON categorylinks (cl_from,cl_to);
CREATE INDEX cl_sortkey ON categorylinks (cl_to,cl_type,cl_sortkey,cl_from);
CREATE TABLE image (
  img_name varchar(255) binary NOT NULL default '' PRIMARY KEY,
  img_size int unsigned NOT NULL default 0,
  img_metadata mediumblob NOT NULL,
  img_media_type ENUM("UNKNOWN", "BITMAP", "DRAWING", "AUDIO", "VIDEO", "OFFICE") default NULL,
  img_major_mime ENUM("unknown", "application", "audio", "image", "text") NOT NULL default "unknown",
  img_sha1 varbinary(32) NOT NULL default ''
) ENGINE=InnoDB DEFAULT CHARSET=binary;
CREATE TABLE searchindex (
  si_page int unsigned NOT NULL,
  si_title varchar(255) NOT NULL default '',
  si_text mediumtext NOT NULL
) ENGINE=MyISAM DEFAULT CHARSET=utf8;
CREATE UNIQUE INDEX si_page ON searchindex (si_page);
CREATE FULLTEXT INDEX si_title ON searchindex (si_title);
CREATE FULLTEXT INDEX si_text ON searchindex (si_text);
CREATE TABLE objectcache (
  keyname varbinary(255) NOT NULL default '' PRIMARY KEY,
  value mediumblob,
  exptime datetime
) ENGINE=InnoDB DEFAULT CHARSET=binary ROW_FORMAT=COMPACT;
CREATE INDEX exptime ON objectcache (exptime);
CREATE TABLE hitcounter (
  hc_id int unsigned NOT NULL
) ENGINE=HEAP MAX_ROWS=25000;
