-- expect 1:16 definition-syntax
CREATE TABLE a (id int;
