CREATE TABLE IF NOT EXISTS a (id int);
-- expect 1:14 definition-not-create-table
