-- A bulletin board of the old days: mediumint ids, zerofill, sets, huge enums, many keys, latin1.
CREATE TABLE phpbb_users (
  user_id mediumint(8) unsigned NOT NULL auto_increment,
  user_type tinyint(2) DEFAULT '0' NOT NULL,
  group_id mediumint(8) unsigned DEFAULT '3' NOT NULL,
  user_permissions mediumtext NOT NULL,
  user_ip varchar(40) DEFAULT '' NOT NULL,
  username varchar(255) DEFAULT '' NOT NULL,
  username_clean varchar(255) DEFAULT '' NOT NULL,
  user_birthday varchar(10) DEFAULT '' NOT NULL,
  user_lastvisit int(11) unsigned DEFAULT '0' NOT NULL,
  user_posts mediumint(8) unsigned zerofill DEFAULT '00000000' NOT NULL,
  user_timezone decimal(5,2) DEFAULT '0.00' NOT NULL,
  user_rank float(5,2) unsigned zerofill DEFAULT NULL,
  user_colour varchar(6) DEFAULT '' NOT NULL,
  user_allow set('pm','email','sig','avatar','view','html') NOT NULL default 'pm,email',
  user_sig mediumtext NOT NULL,
  PRIMARY KEY (user_id),
  KEY user_birthday (user_birthday),
  KEY user_type (user_type, user_posts DESC),
  UNIQUE username_clean (username_clean)
) ENGINE=InnoDB CHARACTER SET utf8 COLLATE utf8_bin;
CREATE TABLE phpbb_posts (
  post_id mediumint(8) unsigned NOT NULL auto_increment,
  topic_id mediumint(8) unsigned DEFAULT '0' NOT NULL,
  forum_id mediumint(8) unsigned DEFAULT '0' NOT NULL,
  poster_id mediumint(8) unsigned DEFAULT '0' NOT NULL,
  post_time int(11) unsigned DEFAULT '0' NOT NULL,
  post_approved tinyint(1) unsigned DEFAULT '1' NOT NULL,
  post_subject varchar(255) DEFAULT '' NOT NULL COLLATE utf8_unicode_ci,
  post_text mediumtext NOT NULL,
  post_edit_locked tinyint(1) unsigned DEFAULT '0' NOT NULL,
  PRIMARY KEY (post_id),
  KEY forum_id (forum_id),
  KEY topic_id (topic_id),
  KEY poster_id (poster_id),
  KEY tid_post_time (topic_id, post_time),
  FULLTEXT KEY post_content (post_text,post_subject)
) ENGINE=MyISAM CHARACTER SET utf8 COLLATE utf8_unicode_ci ROW_FORMAT=DYNAMIC MIN_ROWS=100;
CREATE TABLE phpbb_sessions (
  session_id char(32) DEFAULT '' NOT NULL,
  session_user_id mediumint(8) unsigned DEFAULT '0' NOT NULL,
  session_time int(11) unsigned DEFAULT '0' NOT NULL,
  session_browser varchar(150) DEFAULT '' NOT NULL,
  PRIMARY KEY (session_id),
  KEY session_time (session_time)
) ENGINE=MEMORY CHARACTER SET latin1 MAX_ROWS=20000;
CREATE TABLE phpbb_acl_groups (
  group_id mediumint(8) unsigned DEFAULT '0' NOT NULL,
  forum_id mediumint(8) unsigned DEFAULT '0' NOT NULL,
  auth_setting tinyint(2) DEFAULT '0' NOT NULL,
  KEY group_id (group_id),
  KEY forum_id (forum_id)
) ENGINE=InnoDB CHARACTER SET utf8 COLLATE utf8_bin;
CREATE TABLE phpbb_countries (
  code enum('AD','AE','AF','AG','AI','AL','AM','AO','AQ','AR','AS','AT','AU','AW','AX','AZ','BA','BB','BD','BE','BF','BG','BH','BI','BJ','BM','BN','BO','BR','BS','BT','BV','BW','BY','BZ','CA','CC','CD','CF','CG','CH','CI','CK','CL','CM','CN','CO','CR','CU','CV','CX','CY','CZ','DE','DJ','DK','DM','DO','DZ','EC','EE','EG','ER','ES','ET','FI','FJ') NOT NULL,
  name varchar(100) CHARACTER SET latin2 NOT NULL,
  native varchar(100) CHARACTER SET cp1251 DEFAULT NULL,
  flag blob,
  founded year(4) DEFAULT NULL,
  noon time DEFAULT '12:00:00',
  bits bit(5) NOT NULL DEFAULT b'101',
  PRIMARY KEY (code)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci;
CREATE TABLE phpbb_log (
  log_id mediumint(8) unsigned NOT NULL auto_increment,
  user_id mediumint(8) unsigned DEFAULT '0' NOT NULL,
  log_time timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  log_seen timestamp NULL DEFAULT NULL,
  log_data mediumtext NOT NULL,
  PRIMARY KEY (log_id),
  KEY user_id (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 ROW_FORMAT=COMPACT;
CREATE TABLE phpbb_old_log (
  log_id int NOT NULL,
  what varchar(200)
) ENGINE=ARCHIVE DEFAULT CHARSET=utf8;
CREATE TABLE phpbb_words_redundant (
  word varchar(191) NOT NULL,
  n int NOT NULL,
  UNIQUE KEY word (word)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 ROW_FORMAT=REDUNDANT STATS_PERSISTENT=1 STATS_AUTO_RECALC=0 STATS_SAMPLE_PAGES=25;
