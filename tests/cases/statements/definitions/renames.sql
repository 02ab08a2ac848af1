-- reconciler: rename table people to users
-- reconciler: rename column `full name` to name
CREATE TABLE `users` (
  -- RECONCILER: Rename Column nick TO `nick_name`
  id int PRIMARY KEY,
  name varchar(10),
  nick_name varchar(10) COMMENT '-- reconciler: nonsense in a string',
  # reconciler: rename index a to `by name`
  KEY `by name` (name)
);
/* reconciler: rename column x to id */
