-- A table; with a semicolon in a comment, and /* more */
# and another
CREATE TABLE users (
  id bigint unsigned NOT NULL AUTO_INCREMENT, -- the key
  engine varchar(9) DEFAULT ';',
  parent int,
  PRIMARY KEY (id),
  FOREIGN KEY (parent) REFERENCES other.parents (id)
) ENGINE=InnoDB COMMENT='it''s; "fine" /* here */'
PARTITION BY HASH (id) PARTITIONS 4;
-- the end
