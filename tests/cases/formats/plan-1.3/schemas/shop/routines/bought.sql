DELIMITER //
CREATE PROCEDURE bought(IN who bigint unsigned)
  READS SQL DATA
  SQL SECURITY INVOKER
BEGIN
  -- by one of them
  SELECT count(*) FROM orders WHERE user_id = who AND id > 0;
END//
DELIMITER ;
