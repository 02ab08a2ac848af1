CREATE TABLE checked (
  a int, b int, c varchar(20), CONSTRAINT positive CHECK (a > 0), CHECK (b <> 5), CONSTRAINT `odd ``name` CHECK (a in (1,2,3) or b is null),
  CONSTRAINT strings CHECK (c like 'it''s\_%\\' or c = "(" or c <> ')`'), CONSTRAINT zz CHECK (a between 1 and 2 and not b), CONSTRAINT aa CHECK (b < a)
);
CREATE TABLE checked_nested (a int, CHECK (((a + 1) * 2) > (3 - (4 / (a + 1)))), CHECK (a = 1 or (a < 9 and (not (a = 5 xor a > 7)))));
CREATE TABLE checked_text (a varchar(20), CHECK (a <> 'line\nbreak\ttab'), CHECK (a <> ''), CHECK (a <> ';'), CHECK (a <> '/* x */'));
