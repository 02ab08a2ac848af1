CREATE TABLE a (id int);;
-- expect 1:25 definition-second-statement
