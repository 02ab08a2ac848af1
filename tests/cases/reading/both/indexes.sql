CREATE TABLE keys_of_all_kinds (
  id int NOT NULL, a int NOT NULL, b int, c varchar(100), d text, PRIMARY KEY (id), UNIQUE KEY u1 (b), UNIQUE KEY u0 (a),
  KEY k (b), KEY composite (b,a,c), KEY prefix (c(10)), KEY text_prefix (d(20),c(5)), FULLTEXT KEY words (d), FULLTEXT KEY more_words (c,d)
);
CREATE TABLE unnamed (a int, b int, c int, KEY (a), KEY (a,b), UNIQUE (c), KEY (b));
CREATE TABLE composite_primary (a int, b varchar(20), c int, PRIMARY KEY (c,b(5),a) COMMENT 'wide');
CREATE TABLE descending (a int NOT NULL, b int, PRIMARY KEY (a DESC), KEY k (a DESC,b), KEY k2 (b DESC));
CREATE TABLE algorithm_written (a int NOT NULL, b int, PRIMARY KEY (a) USING BTREE, KEY k USING BTREE (b), KEY k2 (b,a) USING BTREE COMMENT 'x');
CREATE TABLE no_primary (a int NOT NULL, b int NOT NULL, c int, UNIQUE KEY zz (a), UNIQUE KEY aa (b), UNIQUE KEY bb (c), KEY cc (a));
CREATE TABLE no_primary_prefix (a varchar(20) NOT NULL, b int, UNIQUE KEY zz (a(5)), UNIQUE KEY aa (b));
CREATE TABLE in_memory (a int NOT NULL, b int, PRIMARY KEY (a), KEY k (b) USING BTREE, KEY h (b) USING HASH) ENGINE=MEMORY;
CREATE TABLE block_sizes (a int, KEY k (a) KEY_BLOCK_SIZE=1024, KEY k2 (a) KEY_BLOCK_SIZE=2048 COMMENT 'x') ENGINE=MyISAM KEY_BLOCK_SIZE=4096;
CREATE TABLE block_size_ignored (a int, KEY k (a) KEY_BLOCK_SIZE=8);
CREATE TABLE duplicates (a int, KEY k1 (a), KEY k2 (a), KEY k3 (a));
