CREATE TABLE strings (
  a char, b char(0) NOT NULL, c char(255) DEFAULT '', d varchar(10) NOT NULL DEFAULT 'x', e varchar(16000),
  f tinytext, g text NOT NULL, h mediumtext, i longtext, j long varchar, k text(10), l nchar(4), m national varchar(3)
);
CREATE TABLE bytes (
  a binary, b binary(5) NOT NULL, c varbinary(300), d tinyblob, e blob NOT NULL, f mediumblob, g longblob, h long varbinary,
  i blob(10), j char(4) byte, k char(3) CHARACTER SET binary, l varbinary(3) DEFAULT 'abc', m binary(2) DEFAULT 'ab'
);
CREATE TABLE choices (
  a enum('a'), b enum('a','it''s','b,c)','back\\slash','new
line','tab	','','"quoted"','`x`','%_') NOT NULL DEFAULT 'a', c set('x','y','z') DEFAULT 'x,z',
  d set('a') NOT NULL DEFAULT '', e enum('','A') DEFAULT '', f enum('ü','漢字') DEFAULT 'ü', g enum('a)','(b',');') DEFAULT ');'
);
CREATE TABLE defaults (
  a varchar(20) DEFAULT '', b varchar(20) DEFAULT 'it''s', c varchar(20) DEFAULT 'a\\b', d varchar(20) DEFAULT 'a\nb\r\t\0c',
  e varchar(20) DEFAULT '"quoted" `name`', f varchar(20) DEFAULT 'NULL', g varchar(20) DEFAULT NULL, h varchar(20) DEFAULT 'ü漢',
  i varchar(20) DEFAULT '/* no */ -- comment', j varchar(20) DEFAULT ',\n  `k`', k varchar(20) DEFAULT '%\_', l varchar(20) DEFAULT '1'
);
