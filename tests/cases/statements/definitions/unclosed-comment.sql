-- expect 1:25 definition-unreadable
CREATE TABLE a (id int) /* oops
