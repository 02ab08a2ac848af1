INSERT INTO a VALUES (1);
-- expect 1:1 definition-not-create-table
