CREATE TABLE invisible (a int INVISIBLE NOT NULL DEFAULT 4, b int NOT NULL AUTO_INCREMENT COMMENT 'zz', PRIMARY KEY (b) COMMENT 'p', c int AS (a) VIRTUAL INVISIBLE COMMENT 'ff' CHECK (c > 1));
CREATE TABLE compressed (a text COMPRESSED, b varchar(200) COMPRESSED=zlib NOT NULL DEFAULT 'x' COMMENT 'q', c varchar(10) COMPRESSED CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'x', d varchar(10) COMPRESSED INVISIBLE);
CREATE TABLE documents (a json, b json NOT NULL, c json DEFAULT json_array(1,'it''s'), d longtext CHECK (json_valid(d)));
CREATE TABLE more_types (a inet6 DEFAULT '::1', b uuid DEFAULT uuid(), c inet4, d year(2), e inet6 NOT NULL);
CREATE TABLE expression_defaults (
  a int NOT NULL DEFAULT -5, f int DEFAULT (1+2), p varchar(10) DEFAULT concat('a', 'it\'s\\'), r int DEFAULT (case when 1 then 2 else 3 end), s int DEFAULT (-f), t int DEFAULT (a), u int DEFAULT (not a),
  v varchar(3) DEFAULT _latin1'x', w varchar(3) DEFAULT x'41', x int DEFAULT (a is null), y date DEFAULT (current_date), z datetime DEFAULT (now() + interval 1 day), aa varchar(10) DEFAULT (cast(a as char)),
  bb varchar(10) DEFAULT ('x' collate utf8mb4_bin), cc varchar(20) DEFAULT user(), dd decimal DEFAULT (pi()), ee int DEFAULT (a between 1 and 2), ff varbinary(10) DEFAULT (binary 'x'), gg int DEFAULT (a div 2), hh int DEFAULT (a in (1,2)),
  ii text DEFAULT 'abc', jj blob DEFAULT 'x', kk varbinary(10) DEFAULT '\Z\t\b\0\r\n\\''"', ll varchar(30) DEFAULT concat('\Z\t\b\0\r\n\\''"', ')'), mm point NOT NULL DEFAULT point(1,1), nn time DEFAULT current_time(2) COMMENT 'x'
);
CREATE TABLE inline_checks (a int PRIMARY KEY, b int CHECK (b > 0), c int DEFAULT 5 COMMENT 'x' CHECK (c > 2 and c < a), e varchar(9) NOT NULL CHECK (e <> 'it\'s)'), CHECK (a > 5), CONSTRAINT zz CHECK (a > 6), CHECK (a <> 7));
CREATE TABLE default_dropped (a int, b text, c blob DEFAULT 'x', d int DEFAULT NULL, e int NOT NULL);
ALTER TABLE default_dropped ALTER a DROP DEFAULT, ALTER b DROP DEFAULT, ALTER d DROP DEFAULT;
CREATE SEQUENCE numbers;
CREATE TABLE from_sequence (q bigint DEFAULT nextval(numbers), r bigint NOT NULL DEFAULT (nextval(numbers) + 1));
