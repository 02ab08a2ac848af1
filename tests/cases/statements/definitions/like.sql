CREATE TABLE a LIKE b;
-- expect 1:16 definition-not-create-table
