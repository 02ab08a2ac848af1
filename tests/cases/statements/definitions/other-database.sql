CREATE TABLE shop.a (id int);
-- expect 1:14 definition-other-database
