CREATE DEFINER=`app`@`%` PROCEDURE a()
BEGIN
  SELECT 1;
END;
-- expect 1:8 definition-not-create-table
