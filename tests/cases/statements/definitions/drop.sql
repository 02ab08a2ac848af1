DROP TABLE a;
-- expect 1:1 definition-not-create-table
