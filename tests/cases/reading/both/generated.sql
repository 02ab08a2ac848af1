CREATE TABLE `generated` (
  a int, b int AS (a+1), c int GENERATED ALWAYS AS (a*2) STORED COMMENT 'kept', d varchar(20) CHARACTER SET latin1 AS (concat('x',a)) VIRTUAL,
  e varchar(20) AS (concat('it''s','\\ "q" `b` (',a,')')) STORED, f int AS ((a)) VIRTUAL, g int AS (case when a > 1 then 2 else ')' end) STORED,
  h int AS (a) VIRTUAL UNIQUE, i timestamp AS (j) VIRTUAL, j timestamp NULL, k varchar(30) AS (concat(e, '漢ü')) STORED, KEY kb (b), KEY kc (c)
);
CREATE TABLE generated_from_json (doc text, name varchar(50) AS (json_unquote(json_extract(doc,'$.name'))) STORED, KEY name (name));
