/*!50000 CREATE TABLE a (id int) */;
-- expect 1:1 definition-not-create-table
