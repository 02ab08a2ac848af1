CREATE TABLE order (id int);
-- expect 1:14 definition-not-create-table
