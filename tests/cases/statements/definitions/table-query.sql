CREATE TABLE a (id int) IGNORE TABLE b;
-- expect 1:25 definition-query
