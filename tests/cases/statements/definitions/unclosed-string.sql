-- expect 1:32 definition-unreadable
CREATE TABLE a (id int COMMENT 'oops);
