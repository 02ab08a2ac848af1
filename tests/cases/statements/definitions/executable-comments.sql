CREATE TABLE a (
  id int,
  b int /*!80023 INVISIBLE */,
  c int /*M! COMMENT 'x' */
)
/*!50100 PARTITION BY HASH (id) PARTITIONS 4 */;
-- expect 3:9 definition-executable-comment
-- expect 4:9 definition-executable-comment
-- expect 6:1 definition-executable-comment
