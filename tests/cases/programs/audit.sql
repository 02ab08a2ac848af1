-- An audit trail by triggers, a table of counters, and what is kept of who did what.
CREATE TABLE au_account (
  id int unsigned NOT NULL AUTO_INCREMENT,
  `e-mail` varchar(190) NOT NULL,
  `größe` int DEFAULT NULL,
  balance decimal(12,2) NOT NULL DEFAULT 0.00,
  state enum('new','open','shut') NOT NULL DEFAULT 'new',
  updated_at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE au_log (
  id bigint unsigned NOT NULL AUTO_INCREMENT,
  what char(1) NOT NULL,
  row_id int unsigned NOT NULL,
  was longtext,
  became longtext,
  who varchar(300) DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE au_sequence (
  name varchar(64) NOT NULL,
  value bigint unsigned NOT NULL DEFAULT 0,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

DELIMITER //
CREATE TRIGGER au_before BEFORE UPDATE ON au_account FOR EACH ROW
checks: BEGIN
  -- a row that is shut stays so; nobody's balance jumps
  IF OLD.state = 'shut' AND NEW.state <> 'shut' THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'it''s shut; \\ "for good"', MYSQL_ERRNO = 3001;
  END IF;
  IF NEW.balance <=> OLD.balance THEN LEAVE checks; END IF;
  SET NEW.updated_at = CURRENT_TIMESTAMP(6), NEW.`größe` = COALESCE(NEW.`größe`, 0) + 1;
END checks//
CREATE TRIGGER au_after AFTER UPDATE ON au_account FOR EACH ROW
BEGIN
  DECLARE old_json, new_json LONGTEXT CHARACTER SET utf8mb4;
  SET old_json = JSON_OBJECT('id', OLD.id, 'e-mail', OLD.`e-mail`, 'größe', OLD.`größe`);
  SET new_json = JSON_OBJECT('id', NEW.id, 'e-mail', NEW.`e-mail`, 'größe', NEW.`größe`);
  INSERT INTO au_log (what, row_id, was, became, who)
  VALUES ('U', NEW.id, old_json, new_json, SUBSTRING_INDEX(USER(), '@', 1));
END//
CREATE TRIGGER au_gone AFTER DELETE ON au_account FOR EACH ROW
  INSERT INTO au_log SET what = 'D', row_id = OLD.id, was = CONCAT_WS('|', OLD.`e-mail`, OLD.balance)//
CREATE TRIGGER au_first BEFORE INSERT ON au_account FOR EACH ROW
BEGIN
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION, SQLWARNING, NOT FOUND BEGIN END;
  IF NEW.id IS NULL OR NEW.id = 0 THEN
    INSERT INTO au_sequence (name, value) VALUES ('account', LAST_INSERT_ID(1))
      ON DUPLICATE KEY UPDATE value = LAST_INSERT_ID(value + 1);
    SET NEW.id = LAST_INSERT_ID();
  END IF;
  CASE NEW.state WHEN 'new' THEN SET @au_new := IFNULL(@au_new, 0) + 1; ELSE BEGIN END; END CASE;
END//
CREATE TRIGGER au_second BEFORE INSERT ON au_account FOR EACH ROW
BEGIN
  SET NEW.`e-mail` = LOWER(TRIM(NEW.`e-mail`)); -- ; END //
END//
CREATE FUNCTION au_next(sequence_name VARCHAR(64)) RETURNS BIGINT UNSIGNED
  MODIFIES SQL DATA DETERMINISTIC
BEGIN
  UPDATE au_sequence SET value = LAST_INSERT_ID(value + 1) WHERE name = sequence_name;
  IF ROW_COUNT() = 0 THEN
    REPLACE INTO au_sequence VALUES (sequence_name, LAST_INSERT_ID(1));
  END IF;
  RETURN LAST_INSERT_ID();
END//
CREATE PROCEDURE au_move(IN `from` INT UNSIGNED, IN `to` INT UNSIGNED, IN sum DECIMAL(12,2), OUT ok TINYINT)
  MODIFIES SQL DATA
BEGIN
  DECLARE code CHAR(5) DEFAULT '00000';
  DECLARE msg TEXT;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION
  BEGIN
    GET DIAGNOSTICS CONDITION 1 code = RETURNED_SQLSTATE, msg = MESSAGE_TEXT;
    ROLLBACK;
    SET ok = 0;
    RESIGNAL SET MESSAGE_TEXT = msg;
  END;
  START TRANSACTION;
  SELECT balance FROM au_account WHERE id IN (`from`, `to`) ORDER BY id FOR UPDATE;
  UPDATE au_account AS a, au_account AS b SET a.balance = a.balance - sum, b.balance = b.balance + sum
    WHERE a.id = `from` AND b.id = `to`;
  COMMIT;
  SET ok = 1;
END//
DELIMITER ;

CREATE OR REPLACE ALGORITHM=MERGE SQL SECURITY DEFINER VIEW `au open accounts` (`Nr.`, `E-Mail`, `Größe`) AS
  SELECT id, `e-mail`, `größe` FROM au_account WHERE state <> 'shut' WITH LOCAL CHECK OPTION;
CREATE ALGORITHM=TEMPTABLE VIEW au_per_state AS SELECT state, COUNT(*) n, SUM(balance) FROM au_account GROUP BY state WITH ROLLUP;
CREATE VIEW au_rich AS SELECT * FROM `au open accounts` WHERE `Größe` > 10 WITH CASCADED CHECK OPTION;
