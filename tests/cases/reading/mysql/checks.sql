CREATE TABLE not_enforced (a int CHECK (a > 1), b int, CONSTRAINT c2 CHECK (b in (1,2,3)) NOT ENFORCED, CONSTRAINT `x``y` CHECK (true) NOT ENFORCED, CHECK (b is not null) ENFORCED);
CREATE TABLE patterns (a varchar(20), b json, CHECK (a regexp '^[a-z]+$'), CHECK (json_valid(b)), CHECK (json_schema_valid('{"type":"object"}', b)), CHECK (a like 'a\'b\\%
z\t'));
