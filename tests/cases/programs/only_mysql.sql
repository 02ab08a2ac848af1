-- flavor: mysql
CREATE TABLE jm_doc (id int NOT NULL PRIMARY KEY, doc json NOT NULL, area polygon DEFAULT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE VIEW jm_items AS SELECT d.id, jt.* FROM jm_doc d, JSON_TABLE(d.doc, '$.items[*]' COLUMNS (
  nr FOR ORDINALITY, sku VARCHAR(20) PATH '$.sku' DEFAULT '"none"' ON EMPTY DEFAULT '"bad"' ON ERROR, has INT EXISTS PATH '$.x',
  NESTED PATH '$.parts[*]' COLUMNS (part VARCHAR(10) PATH '$'))) AS jt;
CREATE VIEW jm_paths AS SELECT doc->'$.a.b' AS ab, doc->>'$."odd key"' AS `odd`, JSON_EXTRACT(doc, '$[0]', '$.*') x, 1 MEMBER OF (doc->'$.list') m, JSON_VALUE(doc, '$.n' RETURNING DECIMAL(4,2)) n FROM jm_doc;
CREATE VIEW jm_lateral AS SELECT d.id, l.top FROM jm_doc d LEFT JOIN LATERAL (SELECT MAX(e.id) top FROM jm_doc e WHERE e.id < d.id) AS l ON TRUE;
CREATE VIEW jm_values AS SELECT column_0 AS a, column_1 AS b FROM (VALUES ROW(1, 'x'), ROW(2, 'y')) AS v;
CREATE VIEW jm_table AS TABLE jm_doc;
CREATE VIEW jm_geo AS SELECT ST_Area(area) a, ST_AsText(area) t FROM jm_doc WHERE MBRContains(area, POINT(1, 1));
CREATE VIEW jm_grouping AS SELECT id, COUNT(*), GROUPING(id) g FROM jm_doc GROUP BY id WITH ROLLUP;
CREATE VIEW jm_skip AS SELECT /*+ MAX_EXECUTION_TIME(1000) NO_INDEX_MERGE(jm_doc) */ id FROM jm_doc FORCE INDEX (PRIMARY) WHERE id > 1;
CREATE VIEW jm_except AS (SELECT id FROM jm_doc INTERSECT SELECT id FROM jm_doc) EXCEPT SELECT 1;
CREATE VIEW jm_charset AS SELECT _latin1'abc' COLLATE latin1_bin AS a, _binary'x' b, CHAR(77,121 USING utf8mb4) c, CAST(doc AS CHAR(10) CHARACTER SET latin1) d, WEIGHT_STRING('a' AS CHAR(3)) w FROM jm_doc;
CREATE VIEW jm_time AS SELECT EXTRACT(YEAR_MONTH FROM NOW()) ym, TIMESTAMPADD(MINUTE, 5, NOW()) soon, DATE_ADD(CURDATE(), INTERVAL '1:30' HOUR_MINUTE) d, UTC_TIMESTAMP(3) utc FROM jm_doc;
CREATE VIEW jm_frames AS SELECT FIRST_VALUE(id) OVER (ORDER BY CAST(id AS DATE) RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW) a, SUM(id) OVER (ORDER BY id ROWS 2 PRECEDING) b, COUNT(*) OVER () c, AVG(id) OVER w2 d, DENSE_RANK() OVER (w1) e FROM jm_doc WINDOW w1 AS (ORDER BY id), w2 AS (PARTITION BY id);
DELIMITER //
CREATE PROCEDURE jm_sum(IN d JSON, OUT s DOUBLE)
BEGIN
  SELECT SUM(p.v) INTO s FROM JSON_TABLE(d, '$[*]' COLUMNS (v DOUBLE PATH '$')) AS p;
  INSERT INTO jm_doc (id, doc) VALUES (1, d) AS new ON DUPLICATE KEY UPDATE doc = new.doc;
  WITH x AS (SELECT 1 AS a) SELECT * FROM x;
  DELETE FROM jm_doc AS j WHERE j.id < 0;
  DELETE a, b FROM jm_doc AS a INNER JOIN jm_doc AS b WHERE a.id = b.id AND a.id < 0;
  UPDATE jm_doc a JOIN jm_doc b ON a.id = b.id SET a.doc = b.doc WHERE a.id < 0;
  SELECT id FROM jm_doc FOR SHARE SKIP LOCKED;
  INSERT INTO jm_doc SELECT id + 100, doc, area FROM jm_doc WHERE FALSE;
  DO RELEASE_ALL_LOCKS();
END//
CREATE TRIGGER jm_check BEFORE INSERT ON jm_doc FOR EACH ROW
  IF NOT JSON_SCHEMA_VALID('{"type":"object"}', NEW.doc) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no object'; END IF//
CREATE TRIGGER jm_label AFTER UPDATE ON jm_doc FOR EACH ROW FOLLOWING: BEGIN DECLARE CONTINUE HANDLER FOR 1062 BEGIN END; INSERT INTO jm_doc (id, doc) SELECT 1, NEW.doc FROM jm_doc p WHERE p.id = NEW.id; END FOLLOWING//
DELIMITER ;
