-- As a dump makes it again: under its own modes, character sets and executable comments.
SET NAMES utf8;
SET @saved_mode = @@sql_mode;
CREATE TABLE du_t (id int NOT NULL AUTO_INCREMENT, s varchar(20) CHARACTER SET latin1 DEFAULT NULL, PRIMARY KEY (id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=CURRENT_USER SQL SECURITY DEFINER */
/*!50001 VIEW `du_v` AS select `du_t`.`id` AS `id`,`du_t`.`s` AS `s` from `du_t` */;
SET NAMES utf8mb4;
SET sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=CURRENT_USER*/ /*!50003 TRIGGER `du_bi` BEFORE INSERT ON `du_t` FOR EACH ROW BEGIN
  SET NEW.s = UPPER(NEW.s);
END */;;
CREATE DEFINER=CURRENT_USER PROCEDURE `du_p`(a int)
    COMMENT 'dumped'
BEGIN
  SELECT a;
END ;;
SET sql_mode = '';;
CREATE DEFINER=CURRENT_USER FUNCTION `du_f`() RETURNS int(11) DETERMINISTIC RETURN 1 ;;
SET sql_mode = 'PIPES_AS_CONCAT,IGNORE_SPACE,HIGH_NOT_PRECEDENCE,REAL_AS_FLOAT';;
CREATE FUNCTION du_modes() RETURNS float DETERMINISTIC RETURN (NOT 1 BETWEEN 0 AND 2) || 'x' ;;
CREATE VIEW du_pipes AS SELECT id || s AS both_of_it, NOT id BETWEEN 1 AND 2 AS n FROM du_t ;;
CREATE TRIGGER du_au AFTER UPDATE ON du_t FOR EACH ROW SET @x = OLD.s || NEW.s ;;
SET sql_mode = @saved_mode;;
SET NAMES latin1;;
CREATE PROCEDURE du_latin() SELECT 'plain' ;;
CREATE VIEW du_latin_v AS SELECT 'plain' AS p, s FROM du_t WHERE s = 'x' ;;
SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci;;
CREATE PROCEDURE du_unicode(s VARCHAR(10)) SELECT s = 'ä' ;;
CREATE VIEW du_unicode_v AS SELECT 'ä' AS a, 'ß' = 'ss' AS b ;;
CREATE TRIGGER du_unicode_t BEFORE UPDATE ON du_t FOR EACH ROW SET NEW.s = CONCAT(NEW.s, 'ü') ;;
SET NAMES utf8mb4;;
DELIMITER ;
