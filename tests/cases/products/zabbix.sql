-- Monitoring: numbered constraints, cycles over three tables, history partitioned by time.
CREATE TABLE role (
  roleid bigint unsigned NOT NULL,
  name varchar(255) DEFAULT '' NOT NULL,
  type integer DEFAULT '0' NOT NULL,
  PRIMARY KEY (roleid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin;
CREATE UNIQUE INDEX role_1 ON role (name);
CREATE TABLE users (
  userid bigint unsigned NOT NULL,
  username varchar(100) DEFAULT '' NOT NULL,
  passwd varchar(60) DEFAULT '' NOT NULL,
  roleid bigint unsigned DEFAULT NULL NULL,
  PRIMARY KEY (userid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin;
CREATE UNIQUE INDEX users_1 ON users (username);
CREATE INDEX users_3 ON users (roleid);
CREATE TABLE hosts (
  hostid bigint unsigned NOT NULL,
  proxy_hostid bigint unsigned NULL,
  host varchar(128) DEFAULT '' NOT NULL,
  status integer DEFAULT '0' NOT NULL,
  name_upper varchar(128) DEFAULT '' NOT NULL,
  description text NOT NULL,
  templateid bigint unsigned NULL,
  maintenanceid bigint unsigned NULL,
  PRIMARY KEY (hostid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin;
CREATE INDEX hosts_1 ON hosts (host);
CREATE INDEX hosts_3 ON hosts (proxy_hostid);
CREATE INDEX hosts_5 ON hosts (templateid);
CREATE INDEX hosts_4 ON hosts (maintenanceid);
CREATE TABLE maintenances (
  maintenanceid bigint unsigned NOT NULL,
  name varchar(128) DEFAULT '' NOT NULL,
  active_since integer DEFAULT '0' NOT NULL,
  hostid bigint unsigned NULL,
  PRIMARY KEY (maintenanceid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin;
CREATE INDEX maintenances_1 ON maintenances (active_since, hostid);
CREATE TABLE items (
  itemid bigint unsigned NOT NULL,
  type integer DEFAULT '0' NOT NULL,
  hostid bigint unsigned NOT NULL,
  name varchar(255) DEFAULT '' NOT NULL,
  key_ varchar(2048) DEFAULT '' NOT NULL,
  delay varchar(1024) DEFAULT '0' NOT NULL,
  units varchar(255) DEFAULT '' NOT NULL,
  templateid bigint unsigned NULL,
  params text NOT NULL,
  master_itemid bigint unsigned NULL,
  PRIMARY KEY (itemid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin;
CREATE INDEX items_1 ON items (hostid,key_(764));
CREATE INDEX items_3 ON items (type);
CREATE INDEX items_4 ON items (templateid);
CREATE INDEX items_7 ON items (master_itemid);
CREATE TABLE history (
  itemid bigint unsigned NOT NULL,
  clock integer DEFAULT '0' NOT NULL,
  value DOUBLE PRECISION DEFAULT '0.0000' NOT NULL,
  ns integer DEFAULT '0' NOT NULL,
  KEY history_1 (itemid,clock)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin
PARTITION BY RANGE (clock) (
  PARTITION p2024_01 VALUES LESS THAN (1706745600),
  PARTITION p2024_02 VALUES LESS THAN (1709251200),
  PARTITION pmax VALUES LESS THAN MAXVALUE);
CREATE TABLE trends (
  itemid bigint unsigned NOT NULL,
  clock integer DEFAULT '0' NOT NULL,
  num integer DEFAULT '0' NOT NULL,
  value_avg double(16,4) DEFAULT '0.0000' NOT NULL,
  PRIMARY KEY (itemid,clock)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8
PARTITION BY RANGE (clock) SUBPARTITION BY HASH (itemid) SUBPARTITIONS 2 (
  PARTITION p1 VALUES LESS THAN (1706745600),
  PARTITION p2 VALUES LESS THAN (1709251200));
ALTER TABLE users ADD CONSTRAINT c_users_1 FOREIGN KEY (roleid) REFERENCES role (roleid) ON DELETE CASCADE;
ALTER TABLE hosts ADD CONSTRAINT c_hosts_1 FOREIGN KEY (proxy_hostid) REFERENCES hosts (hostid);
ALTER TABLE hosts ADD CONSTRAINT c_hosts_2 FOREIGN KEY (maintenanceid) REFERENCES maintenances (maintenanceid);
ALTER TABLE hosts ADD CONSTRAINT c_hosts_3 FOREIGN KEY (templateid) REFERENCES hosts (hostid) ON DELETE CASCADE;
ALTER TABLE maintenances ADD CONSTRAINT c_maintenances_1 FOREIGN KEY (hostid) REFERENCES hosts (hostid);
ALTER TABLE items ADD CONSTRAINT c_items_1 FOREIGN KEY (hostid) REFERENCES hosts (hostid) ON DELETE CASCADE;
ALTER TABLE items ADD CONSTRAINT c_items_2 FOREIGN KEY (templateid) REFERENCES items (itemid) ON DELETE CASCADE;
ALTER TABLE items ADD CONSTRAINT c_items_5 FOREIGN KEY (master_itemid) REFERENCES items (itemid) ON DELETE CASCADE;
