-- Reporting: cursors, handlers, statements put together, windows, trees.
CREATE TABLE rp_node (
  id int NOT NULL AUTO_INCREMENT,
  parent_id int DEFAULT NULL,
  name varchar(100) NOT NULL,
  weight double NOT NULL DEFAULT 1,
  tags longtext,
  PRIMARY KEY (id),
  KEY parent_id (parent_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE rp_sale (
  id bigint NOT NULL AUTO_INCREMENT,
  node_id int NOT NULL,
  sold_on date NOT NULL,
  amount decimal(14,4) NOT NULL,
  PRIMARY KEY (id),
  KEY node_day (node_id, sold_on)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE VIEW rp_tree AS
WITH RECURSIVE down (id, parent_id, name, depth, path) AS (
  SELECT id, parent_id, name, 0, CAST(name AS CHAR(2000)) FROM rp_node WHERE parent_id IS NULL
  UNION ALL
  SELECT n.id, n.parent_id, n.name, d.depth + 1, CONCAT(d.path, ' / ', n.name)
  FROM rp_node n JOIN down d ON n.parent_id = d.id
)
SELECT id, depth, path FROM down;

CREATE VIEW rp_running AS
SELECT s.node_id, s.sold_on, s.amount,
  SUM(s.amount) OVER (PARTITION BY s.node_id ORDER BY s.sold_on ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running,
  LAG(s.amount, 1) OVER w AS before_it,
  ROW_NUMBER() OVER w AS nr,
  RANK() OVER (ORDER BY s.amount DESC) AS place,
  NTILE(4) OVER (ORDER BY s.amount) AS quarter,
  s.amount / SUM(s.amount) OVER () * 100 AS percent
FROM rp_sale s
WINDOW w AS (PARTITION BY s.node_id ORDER BY s.sold_on);

CREATE VIEW rp_months AS
WITH months AS (SELECT DISTINCT DATE_FORMAT(sold_on, '%Y-%m-01') m FROM rp_sale),
     sums AS (SELECT node_id, DATE_FORMAT(sold_on, '%Y-%m-01') m, SUM(amount) total FROM rp_sale GROUP BY node_id, m)
SELECT months.m AS month, n.name, COALESCE(sums.total, 0) total,
  CASE WHEN sums.total > 1000 THEN 'big' WHEN sums.total IS NULL THEN '-' ELSE 'small' END AS `how much?`
FROM months CROSS JOIN rp_node n LEFT JOIN sums ON sums.m = months.m AND sums.node_id = n.id;

CREATE VIEW rp_odd AS
SELECT (SELECT MAX(amount) FROM rp_sale x WHERE x.node_id = n.id) AS top,
  EXISTS (SELECT 1 FROM rp_sale y WHERE y.node_id = n.id AND y.amount BETWEEN 1 AND 2) any_small,
  n.name LIKE 'a\_%' ESCAPE '\\' AS `like`, n.name REGEXP '^[a-z]+$' AS rx,
  n.id DIV 2, n.id % 3 AS `%`, ~n.id & 255 AS bits, n.id << 2 AS shifted, NOT n.weight XOR 1 AS logic,
  INTERVAL(n.id, 1, 10, 100) AS bucket, n.id IN (1, 2, 3) AS few, -(-n.weight) minus,
  CONVERT(n.name USING latin1) AS l1, n.name COLLATE utf8mb4_bin AS b, BINARY n.name AS bin,
  CAST(n.weight AS DECIMAL(10,3)) d, CAST('2020-01-01' AS DATE) + INTERVAL 1 DAY day, DATE '2020-02-02' AS dd,
  TIMESTAMP '2020-01-01 10:00:00.5' ts, X'4D7953514C' AS hex, 0x41 hex2, b'1010' AS bit4, N'nat' nat, 'it''s' 'joined' AS str,
  1e3 AS exp, .5 half, TRUE t, NULL AS nothing, IFNULL(NULLIF(n.name, ''), 'x;y') z, UUID() IS NOT NULL AS u
FROM rp_node n
UNION
(SELECT 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,'2020-01-01','2020-01-01','2020-01-01',20,21,22,23,24,25,26,27,28,29,30 LIMIT 1)
ORDER BY 1 DESC LIMIT 100 OFFSET 2;

DELIMITER $$
CREATE PROCEDURE rp_walk(IN top INT, INOUT total DOUBLE)
  READS SQL DATA
  COMMENT 'walks; returns "all" \\ of it, it''s done'
BEGIN
  DECLARE done BOOL DEFAULT FALSE;
  DECLARE v_id INT; DECLARE v_name VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  DECLARE v_weight DOUBLE;
  DECLARE too_deep CONDITION FOR SQLSTATE '45001';
  DECLARE children CURSOR FOR SELECT id, name, weight FROM rp_node WHERE parent_id <=> top;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE;
  DECLARE EXIT HANDLER FOR too_deep BEGIN SELECT 'too deep' AS error; END;
  OPEN children;
  every: LOOP
    FETCH children INTO v_id, v_name, v_weight;
    IF done THEN LEAVE every; END IF;
    IF v_weight < 0 THEN ITERATE every; END IF;
    SET total = total + v_weight;
    inner_block: BEGIN
      DECLARE n INT DEFAULT 0;
      counting: WHILE n < 3 DO
        SET n = n + 1;
        IF n = 2 THEN LEAVE inner_block; END IF;
      END WHILE counting;
    END inner_block;
    REPEAT SET v_weight = v_weight - 1; UNTIL v_weight <= 0 END REPEAT;
    CALL rp_walk(v_id, total);
  END LOOP every;
  CLOSE children;
END$$

CREATE PROCEDURE rp_pivot(IN p_from DATE, IN p_to DATE)
BEGIN
  DECLARE cols MEDIUMTEXT;
  SET SESSION group_concat_max_len = 1000000;
  SELECT GROUP_CONCAT(DISTINCT CONCAT('SUM(IF(node_id = ', id, ', amount, 0)) AS `', REPLACE(name, '`', '``'), '`') ORDER BY id SEPARATOR ',\n')
    INTO cols FROM rp_node;
  SET @rp_sql = CONCAT('SELECT sold_on, ', IFNULL(cols, '1'), ' FROM rp_sale WHERE sold_on BETWEEN ? AND ? GROUP BY sold_on; -- '), @a = p_from, @b = p_to;
  PREPARE st FROM @rp_sql;
  EXECUTE st USING @a, @b;
  DEALLOCATE PREPARE st;
END$$

CREATE PROCEDURE `rp "quoted" name`(`in` INT, `weird ``col` VARCHAR(20))
  NO SQL DETERMINISTIC SQL SECURITY INVOKER
  SELECT `in` + 1 AS `a;b`, "double ""quoted""" AS "x", 'a\'b\\', '\n\t\0\Z\%\_' $$

CREATE PROCEDURE rp_tags(IN p_id INT)
  READS SQL DATA
  SELECT jt.nr, jt.tag FROM rp_node n, JSON_TABLE(n.tags, '$[*]' COLUMNS (nr FOR ORDINALITY, tag VARCHAR(40) PATH '$.t' DEFAULT '"?"' ON EMPTY NULL ON ERROR)) AS jt WHERE n.id = p_id$$

CREATE FUNCTION rp_slug(txt VARCHAR(255) CHARSET utf8mb4) RETURNS varchar(255) CHARSET utf8mb4 COLLATE utf8mb4_bin
  DETERMINISTIC NO SQL
BEGIN
  -- "smart" quotes: ‘’ “” ; // $ $
  DECLARE out_text VARCHAR(255) CHARACTER SET utf8mb4 DEFAULT '';
  SET out_text = REPLACE(REPLACE(LOWER(txt), ' ', '-'), 'ß', 'ss');
  RETURN IF(out_text = '', '☺', out_text);
END$$
CREATE FUNCTION rp_fact(n INT) RETURNS bigint DETERMINISTIC RETURN IF(n < 2, 1, n * 2)$$
DELIMITER ;
