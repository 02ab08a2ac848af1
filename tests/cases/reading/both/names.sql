CREATE TABLE `a``b` (`c``d` int, `e f` int, `g,h` int, `)` int, `(` int, `'` int, `"` int, `\` int, `ünïcödé` int, `漢字` int, `select` int, `1` int, `1e5` int, `$` int, KEY `k``1` (`c``d`), KEY `x y` (`e f`,`)`), UNIQUE KEY `)` (`)`));
CREATE TABLE `select` (`primary` int NOT NULL, `key` int, PRIMARY KEY (`primary`), KEY `key` (`key`));
CREATE TABLE `with
break` (`in
side` int, `,
  ``odd` int, KEY `i
k` (`in
side`), CONSTRAINT `c
c` CHECK (`in
side` > 0));
CREATE TABLE `; DROP TABLE x; --` (`/* a */` int, `-- b` int, `/*!50100 c */` int, `#` int);
CREATE TABLE `sixty-four-characters-long-name-sixty-four-characters-long-name-` (`sixty-four-characters-long-name-sixty-four-characters-long-name-` int);
CREATE TABLE `CamelCase` (`Id` int, `ID2` int);
CREATE TABLE commented (
  a int COMMENT 'it''s', b int COMMENT "say \"x\"", c int COMMENT 'back\\slash', d int COMMENT 'new\nline\r\ttab\0nul', e int COMMENT '`name`',
  f int COMMENT 'ü漢', g int COMMENT ', PRIMARY KEY (`a`)', h int COMMENT '/*!80023 INVISIBLE */', i int COMMENT '',
  KEY k (a) COMMENT 'it''s \\ \n "k"'
) COMMENT='it''s a "table" \\ with `all` \n of ü漢';
CREATE TABLE commented_empty (a int) COMMENT='';
