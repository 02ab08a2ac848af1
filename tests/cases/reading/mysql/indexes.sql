CREATE TABLE functional (
  a int, b int, c varchar(30), KEY ((a+b)), UNIQUE KEY uf ((upper(c)), a DESC) COMMENT 'x' INVISIBLE USING BTREE, KEY ((lower(c)) DESC, a DESC, b), KEY f3 ((a+1),(b+1) DESC),
  UNIQUE KEY ((c COLLATE utf8mb4_bin)), KEY tricky ((case when a = 1 then '),(' else concat('`',b) end)), KEY nested (((((a*2)+1)*3)))
);
CREATE TABLE multi_valued (j json, a int, b int, KEY mv ((cast(j->'$.z' AS unsigned array))), UNIQUE KEY k (a,(cast(j AS date array)),b), KEY c ((cast(j->'$[*]' AS char(10) array)),(cast(j->>'$."it''s"' AS char(20) CHARACTER SET latin1))));
CREATE TABLE parsed (k varchar(100), l text, FULLTEXT KEY ft (k) WITH PARSER ngram COMMENT 'x', FULLTEXT KEY ft2 (k) WITH PARSER ngram INVISIBLE, FULLTEXT KEY ft3 (k,l), FULLTEXT KEY ft4 (l) SECONDARY_ENGINE_ATTRIBUTE='{"a":1}' COMMENT 'z' INVISIBLE WITH PARSER ngram);
CREATE TABLE invisible_keys (a int PRIMARY KEY, b int, c int, KEY k (b) INVISIBLE COMMENT 'c\'x', UNIQUE KEY u (c) INVISIBLE, KEY bt USING BTREE (b) COMMENT 'x' INVISIBLE) ENGINE=InnoDB;
CREATE TABLE sorted_by_the_server (a int NOT NULL, b int, c point NOT NULL, d varchar(20), UNIQUE k2 (b), UNIQUE k1 (a), FULLTEXT f (d), SPATIAL s (c), KEY ((a+1)), KEY k0 (b), UNIQUE kf ((a+b)), KEY k3 (a), PRIMARY KEY (a,b), UNIQUE kz (a DESC));
CREATE TABLE clustered_by_stored (a int NOT NULL, b int AS (a+1) VIRTUAL NOT NULL, c int AS (a+2) STORED NOT NULL, UNIQUE zz (b), UNIQUE yy (c), UNIQUE xx (a DESC));
CREATE TABLE inline_references (a int PRIMARY KEY, b int REFERENCES inline_references(a), c int UNIQUE CHECK (c <> 1));
