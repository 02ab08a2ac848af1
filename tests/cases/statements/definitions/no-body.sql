CREATE TABLE a;
-- expect 1:14 definition-not-create-table
