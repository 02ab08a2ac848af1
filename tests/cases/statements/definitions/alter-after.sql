CREATE TABLE a (id int);
ALTER TABLE a ADD COLUMN b int;
-- expect 2:1 definition-second-statement
