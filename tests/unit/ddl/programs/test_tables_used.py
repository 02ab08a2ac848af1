"""Which tables a body uses, by where their names stand: nothing that may be something else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from reconciler.ddl.programs.tables_used import names_made, procedures_called, tables_used
from tests.sections import CASES

USED = [
    ("DELETE FROM nowhere", "nowhere"),
    ("SELECT a FROM t JOIN `u` x ON t.i = x.i, v LEFT JOIN (w, y) USING (k, l)", "t u v w y"),
    ("SELECT a INTO x FROM t WHERE a IN (SELECT b FROM u GROUP BY c, d) LIMIT 1, 2", "t u"),
    ("INSERT LOW_PRIORITY IGNORE INTO t (a, b) SELECT c, d FROM u ON DUPLICATE KEY UPDATE a=1, b=2",
     "t u"),
    ("BEGIN REPLACE t VALUES (REPLACE(1, 2, 3)); UPDATE u a, v SET a.x = 1, v.y = 2; END", "t u v"),
    ("IF EXISTS (SELECT 1 FROM t) THEN TRUNCATE TABLE u; ELSE DELETE FROM v; END IF", "t u v"),
    ("BEGIN DELETE a, b FROM t a JOIN u b ON a.i = b.i; DELETE FROM a, b USING v a, w b; END",
     "t u v w"),
    ("DECLARE c CURSOR FOR SELECT 1 FROM t FOR UPDATE", "t"),
    ("SELECT x FROM (SELECT 1 AS x FROM t UNION SELECT 2 FROM u) d, LATERAL (SELECT 1 FROM v) e",
     "t u v"),
    ("DECLARE CONTINUE HANDLER FOR NOT FOUND INSERT INTO t VALUES (1)", "t"),
]  # fmt: skip
NOT_USED = [
    "SELECT EXTRACT(DAY FROM d), TRIM(BOTH FROM e), SUBSTRING(f FROM 2 FOR 3)",
    "BEGIN FETCH NEXT FROM c INTO a, b; PREPARE s FROM @q; SHOW COLUMNS FROM t; END",
    "SELECT 1 FROM dual, mysql.user u, f(1), JSON_TABLE(d, '$[*]' COLUMNS (a INT PATH '$')) j",
    "WITH RECURSIVE a (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a), b AS (SELECT 1) TABLE b",
    "BEGIN WITH a AS (SELECT 1) SELECT * FROM a; END",
    "BEGIN CREATE TEMPORARY TABLE IF NOT EXISTS m (i INT); INSERT INTO m VALUES (1); END",
    "BEGIN DROP TABLE IF EXISTS m, n; CALL p(); SELECT 1 FROM M, n; END",
    "BEGIN PREPARE s FROM 'CREATE TEMPORARY TABLE m (i INT)'; EXECUTE s; DELETE FROM m; END",
    'BEGIN EXECUTE IMMEDIATE "CREATE TABLE m (i INT)"; DELETE FROM m; END',
    "BEGIN RENAME TABLE t TO m; DELETE FROM m; END",
    "SELECT seq FROM seq_1_to_10, seq_0_to_100_step_5",
    "BEGIN REVOKE INSERT, SELECT ON t FROM u; REVOKE SELECT ON t FROM u, v; END",
    "SELECT CASE a WHEN 1 THEN INSERT('a', 1, 2, 'b') ELSE REPEAT('a', 2) END",
    "SET NEW.a = (SELECT MAX(x) /*! FROM t */)",
    "SELECT @from, a, t.from, b, CASE c WHEN 1 THEN d ELSE truncate END",
    "-- FROM t\nSELECT 'FROM u', \"JOIN v\"",
]
MISSING = {
    "events/body-missing-table": {"nowhere"},
    "routines/body-missing-table": {"nowhere"},
    "triggers/table-not-there": {"nowhere"},
}
_BODY = re.compile(r"\b(?:FOR\s+EACH\s+ROW|DO)\b(.*)", re.DOTALL | re.IGNORECASE)
_PIECE = re.compile(r"(?=\bCREATE\b)")


@pytest.mark.parametrize(("body", "names"), USED)
def test_tables_are_found_where_they_stand(body: str, names: str) -> None:
    assert " ".join(tables_used(body)) == names


@pytest.mark.parametrize("body", NOT_USED)
def test_nothing_else_is_taken_for_a_table(body: str) -> None:
    assert tables_used(body) == ()


def test_procedures_are_found_where_they_are_called() -> None:
    body = "BEGIN CALL a; IF 1 THEN CALL `b c`(1); ELSE CALL a(); END IF; CALL other.d(); END"
    assert procedures_called(body) == ("a", "b c")
    assert procedures_called("SELECT @call e, t.call f, 'CALL g()', `call` h -- CALL i()") == ()
    assert procedures_called("/*!50000 CALL a() */") == ()


def test_names_that_a_text_makes_when_it_runs_are_told() -> None:
    """For another body, which is called with them there."""
    body = "BEGIN DROP TABLE IF EXISTS a, b; CREATE TEMPORARY TABLE C (d INT, e INT); END"
    assert names_made(body) == {"a", "b", "c"}
    assert "f" in names_made("PREPARE s FROM 'CREATE TABLE f (i INT)'")


def test_programs_of_products_and_cases_miss_what_is_missing_alone() -> None:
    texts = dict(_texts())
    assert len(texts) > 150
    found = {name: _missing(text) for name, text in texts.items()}
    assert {name: missing for name, missing in found.items() if missing} == MISSING


def _texts() -> Iterator[tuple[str, str]]:
    """Each with all tables that its bodies may use."""
    for kind in ("programs/*.sql", "routines/*.case", "triggers/*.case", "events/*.case"):
        for path in sorted(CASES.glob(kind)):
            yield f"{path.parent.name}/{path.stem}", path.read_text()


def _missing(text: str) -> set[str]:
    """Each piece is read from its beginning, and what a trigger or an event does by itself."""
    pieces = _PIECE.split(text)
    bodies = [found[1] for piece in pieces if (found := _BODY.search(piece)) is not None]
    made = frozenset[str]().union(*map(names_made, pieces))
    used = {name for one in (*pieces, *bodies) for name in tables_used(one)}
    return {name for name in used if name.lower() not in made}
