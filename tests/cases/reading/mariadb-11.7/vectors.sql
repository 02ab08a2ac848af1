CREATE TABLE vectors (a int NOT NULL PRIMARY KEY, v vector(3) NOT NULL, VECTOR KEY vv (v) M=8 DISTANCE=cosine);
CREATE TABLE vectors_plain (v vector(3) NOT NULL, VECTOR KEY vv (v));
CREATE TABLE vectors_ignored (v vector(3) NOT NULL, VECTOR KEY vv (v) COMMENT 'x' IGNORED M=8) COMMENT='z';
