CREATE TABLE a (id int)
  AS SELECT 1 AS id;
-- expect 2:3 definition-query
