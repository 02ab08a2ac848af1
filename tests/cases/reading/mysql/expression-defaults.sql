CREATE TABLE expression_defaults (
  a int DEFAULT (3), b int DEFAULT (a+1), c varchar(36) DEFAULT (uuid()), d datetime DEFAULT (now()), e bigint DEFAULT (rand()*100), f text DEFAULT ('abc'),
  g varchar(10) DEFAULT (concat('a','b')), h blob DEFAULT (x'ff'), i point DEFAULT (st_geomfromtext('point(1 1)')), j text NOT NULL DEFAULT (''),
  k varchar(30) DEFAULT ('tab	bs\\q''"`;) ('), l int DEFAULT (case when 1 then ')' else '(' end), m date DEFAULT (curdate() + interval 1 day) COMMENT 'x', n json DEFAULT (json_object('a',json_array(1,2)))
);
CREATE TABLE introducers (a varchar(10) CHARACTER SET latin1 DEFAULT _latin1'x', b varchar(10) DEFAULT (_latin1'x'), c int DEFAULT (0x41), d varchar(3) DEFAULT (n'x'), e varchar(9) DEFAULT (convert('ü' using latin1)), f varbinary(10) DEFAULT (_binary'x'));
CREATE TABLE beyond_the_bmp (a varchar(10) DEFAULT '😀', b varchar(10) DEFAULT 'a😀b' COMMENT 'x');
CREATE TABLE raw_bytes (a varbinary(10) DEFAULT 0xff00, b binary(3) DEFAULT x'80ff00', c varchar(10) CHARACTER SET utf16 DEFAULT 'ü');
