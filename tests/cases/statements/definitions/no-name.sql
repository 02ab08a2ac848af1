CREATE TABLE (id int);
-- expect 1:14 definition-not-create-table
