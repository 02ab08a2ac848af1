CREATE TABLE a (id int);
CREATE TABLE b (id int);
-- expect 2:1 definition-second-statement
