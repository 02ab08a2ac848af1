CREATE TABLE a SELECT 1 AS id;
-- expect 1:16 definition-not-create-table
