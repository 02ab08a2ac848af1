CREATE TEMPORARY TABLE a (id int);
-- expect 1:8 definition-not-create-table
