CREATE TABLE `a ` (id int);
-- expect 1:14 definition-table-name
