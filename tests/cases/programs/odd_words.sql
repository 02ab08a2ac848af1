-- Odd names, odd places of comments, odd ends.
CREATE TABLE `od-t.1` (`a b` int NOT NULL, `select` int DEFAULT NULL, `x``y` varchar(40) CHARACTER SET utf8mb4 DEFAULT NULL, `日本` text, PRIMARY KEY (`a b`), FULLTEXT KEY ft (`日本`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE od_plain (id int NOT NULL PRIMARY KEY, s varchar(60) DEFAULT NULL, d datetime DEFAULT NULL, n decimal(10,2) DEFAULT NULL, key s (s)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);

CREATE VIEW `od v.1/%:?` AS SELECT `a b`, `x``y` AS `it's "odd"; --`, `select` `order`, `日本` FROM `od-t.1` AS `t.x``1`;
CREATE VIEW od_funcs AS SELECT TRIM(LEADING 'x' FROM s) a, POSITION('a' IN s) c, SUBSTRING(s FROM 2 FOR 3) d, CAST(s AS SIGNED) e, s SOUNDS LIKE 'x' f, s NOT LIKE 'a%' g, n IS TRUE h, n IS NOT UNKNOWN i,
 GET_FORMAT(DATE,'USA') k, s = ANY (SELECT s FROM od_plain) l, n > ALL (SELECT n FROM od_plain) m, (id, s) IN (SELECT id, s FROM od_plain) o, ROW(id, 1) = ROW(1, id) p, n NOT BETWEEN 1 AND 2 q, MOD(id, 3) r, id MOD 3 r2,
 CASE id WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END t, IF(id, 'a', 'b') u, CONVERT(s, CHAR(3)) v, CHAR(65 USING utf8mb4) w, EXTRACT(DAY_MICROSECOND FROM d) x, d - INTERVAL 1 QUARTER y, LEFT(s, 1) z, YEAR(d) aa, WEEK(d, 3) ab,
 DATE_FORMAT(d, '%W %M %% %Y') ac, CONCAT('%', s, '\\', '\'', '"', '\n') ad, CURRENT_USER() ae, DATABASE() IS NULL af, SCHEMA() IS NULL ah, COALESCE(NULL, 1) ai, !id aj, id | 1 ^ 2 ak, FORMAT(n, 2, 'de_DE') al, ADDDATE(d, 31) am, SUBDATE(d, INTERVAL '1 2' DAY_HOUR) an, LOG(2, id) ao, ROUND(n) ap, RAND(3) aq, SHA2(s, 256) ar, CAST(s AS CHAR) as1, CAST(s AS BINARY(3)) at1, CAST(n AS UNSIGNED) au, CAST(d AS TIME(3)) av, INET_ATON('1.2.3.4') aw, STR_TO_DATE('1', '%d') ax, MAKE_SET(1|4, 'a', 'b', 'c') ay, ELT(1, 'x', 'y') az, FIELD(s, 'a', 'b') ba, FIND_IN_SET('b', 'a,b') bb, CURDATE() + 0 bc, NOW(6) bd, SYSDATE() be, LOCALTIMESTAMP bf, UNIX_TIMESTAMP(d) bg, FROM_UNIXTIME(1, '%Y') bh, TIMEDIFF(d, d) bi, PERIOD_DIFF(1, 2) bj, s LIKE '%|_%' ESCAPE '|' bk, s RLIKE 'a' bl, NOT s IN ('a') bm, BIT_COUNT(id) bn, CRC32(s) bo, HEX(s) bp, 1 <=> NULL bq, 5 / 2 br, -id bs, - -1 bt, 1 - -1 bu, 'a' || 'b' bv, 0 && 1 bw FROM od_plain;
CREATE VIEW od_matches AS SELECT MATCH (`日本`) AGAINST ('+a -b' IN BOOLEAN MODE) AS m, MATCH (`日本`) AGAINST ('x' WITH QUERY EXPANSION) m2 FROM `od-t.1`;
CREATE VIEW od_joins AS SELECT a.id, b.s, c.n FROM od_plain a NATURAL LEFT JOIN od_plain b STRAIGHT_JOIN od_plain c ON c.id = a.id RIGHT JOIN (od_plain e JOIN od_plain f USING (id, s)) ON e.id = c.id, od_plain PARTITION (p0, p1) g USE INDEX (s) IGNORE INDEX FOR JOIN (PRIMARY);
CREATE VIEW od_aggr AS SELECT SQL_BIG_RESULT DISTINCT COUNT(*) a, COUNT(DISTINCT s, n) b, STDDEV_POP(n) c, VAR_SAMP(n) d, BIT_OR(id) e, GROUP_CONCAT(DISTINCT s ORDER BY id DESC, s SEPARATOR '\'; "\\') f, MIN(ALL n) g, JSON_ARRAYAGG(s) h, JSON_OBJECTAGG(s, n) i FROM od_plain GROUP BY s, n + 1 HAVING a > 1 AND MAX(n) IS NOT NULL ORDER BY NULL;
CREATE VIEW od_frames2 AS SELECT SUM(n) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) b, COUNT(*) OVER () c, AVG(n) OVER w2 d FROM od_plain WINDOW w1 AS (ORDER BY n), w2 AS (PARTITION BY s);
CREATE VIEW od_unnamed AS SELECT 1, 'text', NOW(), id + 1, CONCAT(s, ' and ', s, ' and ', s, ' and ', s, ' and ', s, ' and so on until it is too long a name') FROM od_plain;
CREATE VIEW od_dual AS SELECT 1 AS one FROM DUAL WHERE 1 = 1;
CREATE VIEW od_nested AS SELECT x.a FROM (SELECT y.a FROM (SELECT id AS a FROM od_plain WHERE id IN (SELECT id FROM od_plain WHERE s = 'x' UNION SELECT 1)) AS y WHERE EXISTS (SELECT 1 FROM od_plain z WHERE z.id = y.a)) AS x ORDER BY x.a LIMIT 5;
CREATE VIEW od_cte3 AS WITH a AS (SELECT 1 AS n), b AS (SELECT n FROM a UNION ALL SELECT n + 1 FROM a), RECURSIVE_NAME AS (SELECT * FROM b) SELECT a.n, b.n AS m FROM a, b, (WITH c AS (SELECT 5 AS k) SELECT k FROM c) AS d;
CREATE VIEW od_recur AS WITH RECURSIVE fib (n, a, b) AS (SELECT 1, 0, 1 UNION ALL SELECT n + 1, b, a + b FROM fib WHERE n < 20) SELECT * FROM fib;
/* before */ CREATE /* 1 */ VIEW /* 2 */ od_comments -- 3
AS # 4
SELECT /* 5 */ id -- 6
, s # 7
FROM /* 8; */ od_plain /* 9 */;
CREATE VIEW od_stars AS SELECT p.*, q.s AS qs FROM od_plain p JOIN od_plain q USING (id);
CREATE VIEW od_newline AS SELECT 'a
b' AS `c
d`, "tab	here" AS t FROM od_plain;
CREATE VIEW od_check AS SELECT id, s FROM od_plain WHERE s <> 'x' WITH CHECK OPTION;
CREATE VIEW od_brackets AS (SELECT id FROM od_plain ORDER BY id LIMIT 2) UNION ALL (SELECT 7) ORDER BY 1;
CREATE VIEW OD_Upper AS SELECT ID, S AS Big FROM od_plain;

DELIMITER ;;
CREATE PROCEDURE `od p-1.x`() -- nothing
BEGIN END ;;
CREATE PROCEDURE od_if(a INT) IF a THEN SELECT 1; ELSEIF a = 2 THEN SELECT 2; ELSE SELECT 3; END IF;;
CREATE PROCEDURE od_case(a INT) CASE WHEN a THEN SELECT 1; ELSE SELECT 2; END CASE ;;
CREATE PROCEDURE od_loop() `odd label`: LOOP LEAVE `odd label`; END LOOP `odd label` ;;
CREATE PROCEDURE od_while() WHILE FALSE DO SELECT 1; END WHILE ;;
CREATE PROCEDURE od_repeat() REPEAT SELECT 1; UNTIL TRUE END REPEAT ;;
CREATE PROCEDURE od_end() BEGIN SELECT 1; END; ;;
CREATE PROCEDURE od_end2() BEGIN SELECT 1; END -- the last; word
;;
CREATE PROCEDURE od_end3() SELECT 1 /* the end */ ;;
CREATE PROCEDURE od_params(/* first */ IN a INT, -- second
  OUT `b c` VARCHAR(10) CHARACTER SET latin1 COLLATE latin1_bin, INOUT c ENUM('a''b', 'c;d', 'e)'), d DECIMAL(10,2) UNSIGNED)
  SET `b c` = 'x', c = 'a''b';;
CREATE FUNCTION od_enum(x SET('a','b.c')) RETURNS ENUM('it''s','b)') CHARSET utf8mb4 DETERMINISTIC RETURN 'it''s';;
CREATE FUNCTION od_latin() RETURNS CHAR(10) CHARSET latin1 DETERMINISTIC COMMENT 'two
lines, "quoted", \'single\', back\\slash; größe' RETURN 'x';;
CREATE FUNCTION `od größe`(`maß` DOUBLE) RETURNS DOUBLE NO SQL DETERMINISTIC RETURN `maß` * 2;;
CREATE FUNCTION od_year() RETURNS YEAR DETERMINISTIC RETURN 2020;;
CREATE FUNCTION od_time() RETURNS TIMESTAMP(3) NOT DETERMINISTIC READS SQL DATA RETURN NOW(3);;
CREATE FUNCTION od_bit(b BIT(8)) RETURNS BIT(8) DETERMINISTIC CONTAINS SQL RETURN ~b;;
CREATE FUNCTION od_text() RETURNS MEDIUMTEXT DETERMINISTIC
RETURN /* why */ (SELECT GROUP_CONCAT(s) FROM od_plain WHERE s LIKE '%;%');;
CREATE PROCEDURE od_show() BEGIN SHOW CREATE PROCEDURE od_end; SHOW TABLES; SHOW WARNINGS; SHOW FULL COLUMNS FROM od_plain; END;;
CREATE PROCEDURE od_dyn() BEGIN
  SET @s = 'CREATE TRIGGER x BEFORE INSERT ON y FOR EACH ROW SET @a = 1; CREATE PROCEDURE z() SELECT 1';
  SET @t = "DROP TABLE IF EXISTS `tmp_x`; -- ';";
  PREPARE p FROM @s; DEALLOCATE PREPARE p;
END;;
CREATE PROCEDURE od_ddl() BEGIN
  DROP TEMPORARY TABLE IF EXISTS od_tmp, od_tmp2;
  CREATE TEMPORARY TABLE IF NOT EXISTS od_tmp (id INT PRIMARY KEY, KEY k (id)) ENGINE=MEMORY SELECT id FROM od_plain;
  CREATE TEMPORARY TABLE od_tmp2 LIKE od_plain;
  ALTER TABLE od_tmp ADD COLUMN x INT, ADD INDEX (x), DROP PRIMARY KEY;
  CREATE INDEX i ON od_tmp (x);
  ANALYZE TABLE od_plain; FLUSH TABLES; 
  SAVEPOINT sp; ROLLBACK TO SAVEPOINT sp; RELEASE SAVEPOINT sp;
  SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; SET @@session.sql_mode = 'ANSI', @x := 1;
  KILL QUERY 0;
END;;
CREATE PROCEDURE od_handlers() BEGIN
  DECLARE a, b INT DEFAULT 1 + 1; DECLARE c CONDITION FOR 1051; DECLARE cur CURSOR FOR SELECT p.id, q.s FROM od_plain p, od_plain q WHERE p.id = q.id;
  DECLARE EXIT HANDLER FOR SQLSTATE VALUE '23000', 1062, c ROLLBACK;
  DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN DECLARE x INT; GET CURRENT DIAGNOSTICS x = NUMBER; END;
  BEGIN DECLARE a INT; SET a = 2; nested: BEGIN LEAVE nested; END; END;
END;;
CREATE TRIGGER `od-trg.1` /* head */ BEFORE /* more */ INSERT ON `od-t.1` -- table
FOR EACH ROW /* behind */ -- it
BEGIN
	SET NEW.`x``y` = CONCAT(NEW.`x``y`, ';'); -- ;;x

END;;
CREATE TRIGGER od_trg2 AFTER DELETE ON `od-t.1` FOR EACH ROW IF OLD.`select` THEN SET @x = 1; ELSE SET @x = 2; END IF;;
CREATE TRIGGER od_trg3 AFTER INSERT ON od_plain FOR EACH ROW CALL od_if(NEW.id);;
CREATE TRIGGER od_trg4 BEFORE UPDATE ON od_plain FOR EACH ROW SET NEW.s = IF(NEW.s IS NULL, OLD.s, NEW.s), @last = NEW.id; ;;
DELIMITER ;
