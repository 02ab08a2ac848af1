CREATE TABLE a (LIKE b);
-- expect 1:17 definition-not-create-table
