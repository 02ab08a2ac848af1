"""What a proof sees that a definition does not show, each on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from reconciler.diff.model import Clause, ClauseKind, Operation, Step
from reconciler.edges.server.process import RunningServer
from reconciler.guard.model import Refusal
from reconciler.model.observation import CrossDatabaseChild, ObservedShard, TableFacts
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.renames import Rename, RenameKind
from reconciler.model.schema import Schema
from reconciler.plan.model import Algorithm
from reconciler.prove.change_set import ProofFailed, Proven, prove_change_set
from tests.integration.proving import Bench, bench_on


@pytest.fixture(scope="module")
def mysql(mysql_server: RunningServer) -> Iterator[Bench]:
    with bench_on(mysql_server) as bench:
        yield bench


@pytest.fixture(scope="module")
def mariadb(mariadb_server: RunningServer) -> Iterator[Bench]:
    with bench_on(mariadb_server) as bench:
        yield bench


@pytest.fixture(params=["mysql", "mariadb"])
def either(request: pytest.FixtureRequest) -> Bench:
    bench: Bench = request.getfixturevalue(request.param)
    return bench


def proven(proof: Proven | ProofFailed) -> Proven:
    assert isinstance(proof, Proven), proof
    return proof


def refusals(proof: Proven | ProofFailed) -> tuple[Refusal, ...]:
    assert isinstance(proof, ProofFailed), proof
    return proof.refusals


def sql_of(proof: Proven | ProofFailed) -> list[str]:
    return [statement.sql for statement in proven(proof).statements]


def hazards_of(proof: Proven | ProofFailed, kind: HazardKind) -> dict[str, Hazard]:
    return {
        hazard.object: hazard
        for statement in proven(proof).statements
        for hazard in statement.hazards
        if hazard.kind is kind
    }


PARENT = "CREATE TABLE p (id int PRIMARY KEY)"
CHILD = (
    "CREATE TABLE c (id int PRIMARY KEY, pid int, x int,"
    " {keys} FOREIGN KEY (pid) REFERENCES p (id))"
)


class TestStateThatDefinitionsDoNotShow:
    def test_a_column_without_default_is_made_anew_without_it(self, mysql: Bench) -> None:
        """CREATE TABLE cannot say it: only ALTER COLUMN ... DROP DEFAULT can."""
        before = [
            "CREATE TABLE t (id int PRIMARY KEY, a int)",
            "ALTER TABLE t ALTER a DROP DEFAULT",
        ]
        after = [
            "CREATE TABLE t (id int PRIMARY KEY, a int, b int)",
            "ALTER TABLE t ALTER a DROP DEFAULT",
        ]
        (sql,) = sql_of(mysql.prove(before, after))
        assert "`a`" not in sql

    @pytest.mark.parametrize(
        "keys",
        ["KEY pid_x (pid, x),", "KEY pid (pid), KEY pid_x (pid, x),", "UNIQUE KEY u (pid),"],
    )
    def test_an_index_that_innodb_made_is_covered_in_both_states(
        self, either: Bench, keys: str
    ) -> None:
        """The shard's own index is implicit here; the copy's is explicit."""
        after = [PARENT, CHILD.format(keys=keys)]
        proven(either.prove([PARENT, CHILD.format(keys="")], after))
        explicit = CHILD.format(keys="KEY pid (pid),")
        proven(either.prove([PARENT, explicit], after))

    def test_the_mark_of_a_foreign_key_that_is_gone_is_still_met(self, either: Bench) -> None:
        """It outlives the key: the index goes by itself once another one covers it."""
        drop = "ALTER TABLE c DROP FOREIGN KEY c_ibfk_1"
        plain = "CREATE TABLE c (id int PRIMARY KEY, pid int, x int, KEY pid (pid), KEY k (pid, x))"
        proven(either.prove([PARENT, CHILD.format(keys=""), drop], [PARENT, plain]))

    def test_a_class_that_only_one_of_both_states_takes_is_not_planned(self, mysql: Bench) -> None:
        """DROP and ADD of an equal index is a no-op and INSTANT where the index is explicit, and
        refused with 1845 where InnoDB made it."""
        no_op = [
            Clause(kind=ClauseKind.DROP_INDEX, object="pid", sql="DROP KEY `pid`", bound_to="x"),
            Clause(
                kind=ClauseKind.ADD_INDEX, object="pid", sql="ADD KEY `pid` (`pid`)", bound_to="x"
            ),
            Clause(
                kind=ClauseKind.ADD_COLUMN,
                object="z",
                sql="ADD COLUMN `z` int DEFAULT NULL",
                bound_to="x",
            ),
        ]
        with mysql.database([PARENT, CHILD.format(keys="KEY pid (pid),")]) as here:
            seen = mysql.observe(here)
        with mysql.database([PARENT, CHILD.format(keys="KEY pid (pid),"), ADD_Z]) as there:
            desired = mysql.schema(mysql.observe(there))
        proof = prove_steps(mysql, seen, desired, alter_step(mysql, seen, desired, "c", no_op))
        (statement,) = proven(proof).statements
        assert statement.execution.algorithm is Algorithm.INPLACE

    def test_an_older_row_format_takes_shorter_index_columns(self, mysql: Bench) -> None:
        before = ["CREATE TABLE t (id int PRIMARY KEY, a varchar(255))"]
        after = ["CREATE TABLE t (id int PRIMARY KEY, a varchar(255), KEY k (a))"]
        proven(mysql.prove(before, after))
        compact = (("t", TableFacts(rows=1, row_versions=0, row_format="Compact")),)
        (refusal,) = refusals(mysql.prove(before, after, facts=compact))
        assert "767 bytes" in refusal.message
        assert "COMPACT" in refusal.message

    def test_a_rebuild_ends_an_older_row_format(self, mysql: Bench) -> None:
        before = ["CREATE TABLE t (id int PRIMARY KEY, a varchar(255), b int)"]
        after = ["CREATE TABLE t (id int PRIMARY KEY, a varchar(255), b bigint, KEY k (a))"]
        compact = (("t", TableFacts(rows=1, row_versions=0, row_format="Compact")),)
        proven(mysql.prove(before, after, facts=compact))

    def test_a_table_older_than_its_servers_rules_is_copied_and_changed(self, mysql: Bench) -> None:
        """A strict server makes no such table today, and alters it only where zero dates pass."""
        zero = "CREATE TABLE t (id int PRIMARY KEY, d date NOT NULL DEFAULT '0000-00-00'{more})"
        lax, default = "SET SESSION sql_mode = ''", "SET SESSION sql_mode = DEFAULT"
        before = [lax, zero.format(more=""), default]
        proof = mysql.prove(before, [lax, zero.format(more=", x int"), default])
        (statement,) = proven(proof).statements
        assert statement.session.zero_dates


ADD_Z = "ALTER TABLE c ADD COLUMN z int DEFAULT NULL"


def alter_step(
    bench: Bench, seen: ObservedShard, desired: Schema, table: str, clauses: list[Clause]
) -> Step:
    return Step(
        operation=Operation.ALTER_TABLE,
        table=table,
        before=bench.schema(seen).table(table),
        after=desired.table(table),
        clauses=tuple(clauses),
    )


def prove_steps(
    bench: Bench, seen: ObservedShard, desired: Schema, *steps: Step
) -> Proven | ProofFailed:
    return prove_change_set(
        bench.world,
        observed=(seen,),
        before=bench.schema(seen),
        desired=desired,
        steps=steps,
        policy=bench.policy,
    )


class TestComputedDefaults:
    BEFORE = ("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)")

    def test_one_that_can_be_logged_is_added_in_one_statement(self, mysql: Bench) -> None:
        after = ["CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT (id + 1))"]
        proof = mysql.prove(self.BEFORE, after)
        assert len(proven(proof).statements) == 1
        assert not hazards_of(proof, HazardKind.FILL_EXISTING_ROWS)["a"].needs_permission

    def test_one_that_cannot_is_set_behind_the_column_by_permission(self, mysql: Bench) -> None:
        """ADD COLUMN ... DEFAULT (uuid()) is error 1674 with a row-based binary log."""
        after = ["CREATE TABLE t (id int PRIMARY KEY, a varchar(36) DEFAULT (uuid()), b int)"]
        proof = mysql.prove(self.BEFORE, after)
        assert len(proven(proof).statements) == 2
        found = hazards_of(proof, HazardKind.FILL_EXISTING_ROWS)["a"]
        assert found.needs_permission
        assert found.reason.startswith("existing rows get NULL, not (uuid())")


class TestRowVersions:
    BEFORE = ("CREATE TABLE t (id int PRIMARY KEY)",)
    AFTER = ("CREATE TABLE t (id int PRIMARY KEY, a int)",)

    def test_a_table_with_versions_left_is_changed_instantly(self, mysql: Bench) -> None:
        facts = (("t", TableFacts(rows=1, row_versions=254)),)
        (sql,) = sql_of(mysql.prove(self.BEFORE, self.AFTER, facts=facts))
        assert "ALGORITHM=INSTANT" in sql

    def test_a_table_without_any_left_is_rebuilt(self, mysql: Bench) -> None:
        facts = (("t", TableFacts(rows=1, row_versions=255)),)
        (statement,) = proven(mysql.prove(self.BEFORE, self.AFTER, facts=facts)).statements
        assert statement.execution.rebuilds
        assert statement.execution.algorithm is Algorithm.INPLACE

    def test_the_server_agrees_where_the_limit_is(self, mysql: Bench) -> None:
        """The count as observed, and the class that is chosen by it, on a table that is used up."""
        used_up = [
            "CREATE TABLE t (id int PRIMARY KEY)",
            *["ALTER TABLE t ADD COLUMN z int, ALGORITHM=INSTANT",
              "ALTER TABLE t DROP COLUMN z, ALGORITHM=INSTANT"] * 127,
            "ALTER TABLE t ADD COLUMN a int, ALGORITHM=INSTANT",
        ]  # fmt: skip
        after = ["CREATE TABLE t (id int PRIMARY KEY, a int, b int)"]
        (statement,) = proven(mysql.prove(used_up, after)).statements
        assert statement.execution.rebuilds

    def test_a_count_that_cannot_be_read_needs_permission(self, mysql: Bench) -> None:
        facts = (("t", TableFacts(rows=1)),)
        proof = mysql.prove(self.BEFORE, self.AFTER, facts=facts)
        assert hazards_of(proof, HazardKind.UNPROVEN)["t"].needs_permission


class TestPrograms:
    TABLE = "CREATE TABLE t (id int PRIMARY KEY, legacy int, kept int)"
    WITHOUT = "CREATE TABLE t (id int PRIMARY KEY, kept int)"

    def broken(self, bench: Bench, *programs: str, after: str = WITHOUT) -> set[str]:
        proof = bench.prove([self.TABLE, *programs], [after] if after else [])
        found = hazards_of(proof, HazardKind.BREAKS_OBJECT)
        assert all(hazard.needs_permission for hazard in found.values())
        return set(found)

    def test_a_trigger_that_uses_a_dropped_column_breaks(self, either: Bench) -> None:
        """DROP COLUMN succeeds under it; every INSERT fails from then on (1054)."""
        assert self.broken(
            either,
            "CREATE TRIGGER uses BEFORE INSERT ON t FOR EACH ROW SET NEW.legacy = 1",
            "CREATE TRIGGER does_not BEFORE UPDATE ON t FOR EACH ROW SET NEW.kept = 1",
        ) == {"uses"}

    def test_a_view_breaks_and_so_does_a_view_on_it(self, either: Bench) -> None:
        assert self.broken(
            either,
            "CREATE VIEW inner_view AS SELECT id, legacy FROM t",
            "CREATE VIEW outer_view AS SELECT * FROM inner_view",
            "CREATE VIEW other_view AS SELECT id FROM t",
        ) == {"inner_view", "outer_view"}

    def test_a_routine_is_searched_for_the_name(self, either: Bench) -> None:
        assert self.broken(
            either,
            "CREATE PROCEDURE reading() SELECT legacy FROM t",
            "CREATE PROCEDURE does_not() SELECT kept FROM t",
        ) == {"reading"}

    def test_an_event_and_a_function_are_searched_for_the_name(self, either: Bench) -> None:
        uses = "(SELECT legacy FROM t LIMIT 1)"
        before = [
            "CREATE TABLE t (id int PRIMARY KEY, kept int, legacy int)",
            "CREATE TABLE log (id int)",
            f"CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO INSERT INTO log {uses}",
            "CREATE EVENT other ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM log",
            f"CREATE FUNCTION newest() RETURNS int READS SQL DATA RETURN {uses}",
        ]
        after = ["CREATE TABLE t (id int PRIMARY KEY, kept int)", "CREATE TABLE log (id int)"]
        broken = hazards_of(either.prove(before, after), HazardKind.BREAKS_OBJECT)
        assert sorted(broken) == ["newest", "nightly"]
        assert all(hazard.needs_permission for hazard in broken.values())

    def test_a_trigger_of_another_table_is_searched_for_the_name(self, either: Bench) -> None:
        other = "CREATE TABLE o (id int PRIMARY KEY)"
        trigger = (
            "CREATE TRIGGER writes AFTER INSERT ON o FOR EACH ROW"
            " INSERT INTO t (id, legacy) VALUES (1, 2)"
        )
        proof = either.prove([self.TABLE, other, trigger], [self.WITHOUT, other])
        assert set(hazards_of(proof, HazardKind.BREAKS_OBJECT)) == {"writes"}

    def test_dropping_the_table_breaks_what_reads_it(self, either: Bench) -> None:
        assert self.broken(
            either,
            "CREATE VIEW v AS SELECT id FROM t",
            "CREATE TRIGGER own BEFORE INSERT ON t FOR EACH ROW SET NEW.kept = 1",
            after="",
        ) == {"v"}

    def test_a_change_that_takes_no_name_away_breaks_nothing(self, either: Bench) -> None:
        more = "CREATE TABLE t (id int PRIMARY KEY, legacy int, kept int, more int)"
        assert (
            self.broken(
                either,
                "CREATE VIEW v AS SELECT * FROM t",
                "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.legacy = 1",
                after=more,
            )
            == set()
        )

    def test_triggers_follow_a_renamed_table(self, either: Bench) -> None:
        rename = (Rename(kind=RenameKind.TABLE, table="u", old="t", new="u"),)
        trigger = "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.kept = 1"
        after = self.TABLE.replace("TABLE t", "TABLE u")
        proof = either.prove([self.TABLE, trigger], [after], renames=rename)
        assert hazards_of(proof, HazardKind.BREAKS_OBJECT) == {}
        assert set(hazards_of(proof, HazardKind.RENAME)) == {"t"}

    def test_programs_that_could_not_be_seen_need_permission(self, mysql: Bench) -> None:
        with mysql.database([self.WITHOUT]) as there:
            desired = mysql.schema(mysql.observe(there))
        with mysql.database([self.TABLE]) as here:
            seen = replace(mysql.observe(here), unseen=("triggers (needs TRIGGER)",))
        proof = mysql.prove_on(seen, desired)
        assert "triggers" in hazards_of(proof, HazardKind.UNPROVEN)["t"].reason


class TestForeignKeys:
    def test_a_type_changes_under_a_key(self, either: Bench) -> None:
        wide = [text.replace("int", "bigint") for text in (PARENT, CHILD.format(keys=""))]
        rows = ["INSERT INTO p VALUES (1)", "INSERT INTO c VALUES (1, 1, 1)"]
        proven(either.prove([PARENT, CHILD.format(keys=""), *rows], wide))

    def test_a_renamed_parent_column_moves_the_childs_definition_too(self, either: Bench) -> None:
        renames = (Rename(kind=RenameKind.COLUMN, table="p", old="id", new="key_id"),)
        after = [
            PARENT.replace("id", "key_id"),
            CHILD.format(keys="").replace("p (id)", "p (key_id)"),
        ]
        (statement,) = proven(
            either.prove([PARENT, CHILD.format(keys="")], after, renames=renames)
        ).statements
        assert [str(effect.object_id) for effect in statement.effects] == ["p", "c"]

    def test_a_parent_in_another_database_is_there_on_scratch(self, either: Bench) -> None:
        child = (
            "CREATE TABLE c (id int PRIMARY KEY, pid int,"
            " CONSTRAINT f FOREIGN KEY (pid) REFERENCES `{other}`.p (id))"
        )
        # Scratch is on the same server here, where the parent's name is taken by the parent.
        with either.database([PARENT]) as other:
            one, more = (
                child.format(other=other),
                child.format(other=other).replace("pid int", "pid int, x int, KEY (x)"),
            )
            with either.database([one]) as here, either.database([more]) as there:
                seen, desired = either.observe(here), either.schema(either.observe(there))
            assert [parent.table for parent in seen.cross_database_parents] == ["p"]
            proven(either.prove_on(seen, desired))

    def test_a_parent_that_could_not_be_seen_is_assumed_and_said(self, either: Bench) -> None:
        child = "CREATE TABLE c (id int PRIMARY KEY, pid int{key})"
        key = ", CONSTRAINT f FOREIGN KEY (pid) REFERENCES `not_there`.p (id)"
        proof = either.prove([child.format(key="")], [child.format(key=key)], run=False)
        assert "not_there.p" in hazards_of(proof, HazardKind.UNPROVEN)["c"].reason


class TestServersThatDecideOtherwise:
    """Settings of the whole server under which one definition is, or changes, differently."""

    @contextmanager
    def globally(self, bench: Bench, variable: str, value: str) -> Iterator[None]:
        bench.execute(f"SET GLOBAL {variable} = {value}, SESSION {variable} = {value}")
        try:
            yield
        finally:
            bench.execute(f"SET GLOBAL {variable} = DEFAULT, SESSION {variable} = DEFAULT")

    def test_a_parent_key_that_is_not_unique(self, mysql: Bench) -> None:
        """Refused for new keys since 8.4, unless the server is told otherwise."""
        parent = "CREATE TABLE p (id int PRIMARY KEY, a int, b int{more}, KEY (a))"
        child = "CREATE TABLE c (id int, x int, CONSTRAINT f FOREIGN KEY (x) REFERENCES p (a){on})"
        before = [parent.format(more=""), child.format(on="")]
        after = [parent.format(more=" NOT NULL, c int"), child.format(on=" ON DELETE CASCADE")]
        restricts = "restrict_fk_on_non_standard_key"
        with self.globally(mysql, restricts, "OFF"):
            proven(mysql.prove(before, after))
            with (
                mysql.database(before) as here,
                mysql.database(after) as there,
                self.globally(mysql, restricts, "ON"),
            ):
                seen, desired = mysql.observe(here), mysql.schema(mysql.observe(there))
                (refusal,) = refusals(mysql.prove_on(seen, desired))
                unique = [parent.replace("KEY (a)", "UNIQUE KEY a (a)").format(more=""), before[1]]
                with mysql.database(unique) as cured:
                    desired = mysql.schema(mysql.observe(cured))
                proven(mysql.prove_on(seen, desired))
        assert refusal.code == "statement-rejected"
        assert "nique key" in refusal.message

    def test_a_primary_key_that_the_server_makes(self, mysql: Bench) -> None:
        bare, generates = "CREATE TABLE t (a int)", "sql_generate_invisible_primary_key"
        with mysql.database([bare]) as here, self.globally(mysql, generates, "ON"):
            with mysql.database([bare]) as there:
                desired = mysql.schema(mysql.observe(there))
            (statement,) = proven(mysql.prove_on(mysql.observe(here), desired)).statements
            assert "`my_row_id`" in statement.sql
            kept = proven(mysql.prove([bare], ["CREATE TABLE t (a bigint)"]))
            assert "my_row_id" not in "".join(s.sql for s in kept.statements)

    def test_a_server_that_wants_primary_keys(self, mysql: Bench) -> None:
        one, two = (f"CREATE TABLE t (a int, b int, PRIMARY KEY ({k}))" for k in ("a", "a, b"))
        with mysql.database(["CREATE TABLE t (a int NOT NULL, b int)"]) as there:
            desired = mysql.schema(mysql.observe(there))
        with self.globally(mysql, "sql_require_primary_key", "ON"):
            (statement,) = proven(mysql.prove([one], [two])).statements
            assert statement.sql.count("PRIMARY KEY") == 2, "never without one in between"
            with mysql.database([one]) as here:
                (refusal,) = refusals(mysql.prove_on(mysql.observe(here), desired))
        assert "(3750)" in refusal.message


class TestChildrenInOtherDatabases:
    PARENT = (
        "CREATE TABLE p (id int PRIMARY KEY, code varchar(20) CHARACTER SET utf8mb4 UNIQUE KEY,"
        " x int)"
    )
    CHILD = (
        "CREATE TABLE `{other}`.c (id int, code varchar(20) CHARACTER SET utf8mb4,"
        " CONSTRAINT f1 FOREIGN KEY (id) REFERENCES `{here}`.p (id),"
        " CONSTRAINT f2 FOREIGN KEY (code) REFERENCES `{here}`.p (code))"
    )

    def proof(
        self, bench: Bench, after: str, renames: tuple[Rename, ...] = ()
    ) -> tuple[Proven | ProofFailed, str]:
        """Of a change of the parent under its child, with the child's full name."""
        with bench.database([self.PARENT]) as here, bench.database([]) as other:
            bench.execute(self.CHILD.format(here=here, other=other))
            with bench.database([after] if after else []) as there:
                desired = bench.schema(bench.observe(there))
            return bench.prove_on(bench.observe(here), desired, renames), f"{other}.c"

    @pytest.mark.parametrize(
        "old_new",
        [
            ("id int", "id bigint"),
            ("varchar(20) CHARACTER SET utf8mb4", "varchar(20) CHARACTER SET latin1"),
            (" UNIQUE KEY", ""),
            (", code varchar(20) CHARACTER SET utf8mb4 UNIQUE KEY", ""),
            ("x int)", "x int) ENGINE=MyISAM"),
            ("CREATE TABLE p", "CREATE TABLE another"),
        ],
        ids=["type", "charset", "index", "column", "engine", "table"],
    )
    def test_what_a_child_makes_impossible_is_refused_with_its_name(
        self, either: Bench, old_new: tuple[str, str]
    ) -> None:
        proof, child = self.proof(either, self.PARENT.replace(*old_new))
        (refusal,) = refusals(proof)
        assert refusal.code == "statement-rejected"
        assert child in refusal.message

    @pytest.mark.parametrize(
        "old_new", [("x int", "x bigint"), ("x int", "x int, y int"), (", x int", "")]
    )
    def test_what_no_child_minds_is_planned(self, either: Bench, old_new: tuple[str, str]) -> None:
        proof, child = self.proof(either, self.PARENT.replace(*old_new))
        assert child not in str(proven(proof).statements)

    def test_a_new_name_that_the_childs_definition_follows_needs_permission(
        self, either: Bench
    ) -> None:
        column = (Rename(kind=RenameKind.COLUMN, table="p", old="id", new="key_id"),)
        proof, child = self.proof(either, self.PARENT.replace("id int", "key_id int"), column)
        assert hazards_of(proof, HazardKind.BREAKS_OBJECT)[child].needs_permission
        table = (Rename(kind=RenameKind.TABLE, table="q", old="p", new="q"),)
        proof, child = self.proof(either, self.PARENT.replace("TABLE p", "TABLE q"), table)
        assert hazards_of(proof, HazardKind.BREAKS_OBJECT)[child].needs_permission

    def test_no_child_is_left_behind_by_a_drop_without_checks(self, either: Bench) -> None:
        """Tables that refer to each other go with foreign_key_checks=0: no server would object."""
        p, q = (
            f"CREATE TABLE {one} (id int PRIMARY KEY, x int,"
            f" CONSTRAINT {one}x FOREIGN KEY (x) REFERENCES {other} (id))"
            for one, other in ("pq", "qp")
        )
        with either.database([p, q, "CREATE TABLE stays (a int)"]) as here:
            seen = either.observe(here)
            with either.database(["CREATE TABLE stays (a int)"]) as there:
                desired = either.schema(either.observe(there))
            proven(either.prove_on(seen, desired))
            with either.database([]) as other:
                child = f"CREATE TABLE `{other}`.c (id int, FOREIGN KEY (id) REFERENCES"
                either.execute(f"{child} `{here}`.p (id))")
                (refusal,) = refusals(either.prove_on(either.observe(here), desired))
        assert refusal.code == "child-left-behind"
        assert f"{other}.c" in refusal.message

    def test_children_that_nobody_could_see_are_said(self, either: Bench) -> None:
        with either.database([self.PARENT]) as here:
            seen = replace(either.observe(here), cross_database_children=None)
            with either.database([self.PARENT.replace("id int", "id bigint")]) as there:
                goes = either.prove_on(seen, either.schema(either.observe(there)))
            with either.database([self.PARENT.replace("x int", "x bigint")]) as there:
                stays = either.prove_on(seen, either.schema(either.observe(there)))
        assert "PROCESS" in hazards_of(goes, HazardKind.UNPROVEN)["p"].reason
        assert not hazards_of(stays, HazardKind.UNPROVEN), "no foreign key can be to that column"

    def test_a_child_that_could_not_be_read_is_said(self, either: Bench) -> None:
        with either.database([self.PARENT]) as here:
            hidden = CrossDatabaseChild(database="other", name="c", parents=("p",), table=None)
            seen = replace(either.observe(here), cross_database_children=(hidden,))
            with either.database([self.PARENT.replace("id int", "id bigint")]) as there:
                proof = either.prove_on(seen, either.schema(either.observe(there)))
        assert "other.c" in hazards_of(proof, HazardKind.UNPROVEN)


class TestRefusals:
    def test_what_the_server_does_not_take_is_refused_with_its_answer(self, mysql: Bench) -> None:
        with mysql.database(["CREATE TABLE t (id int PRIMARY KEY)"]) as here:
            seen = mysql.observe(here)
        with mysql.database(["CREATE TABLE t (id int PRIMARY KEY, a int)"]) as there:
            desired = mysql.schema(mysql.observe(there))
        wrong = Clause(kind=ClauseKind.ADD_COLUMN, object="a", sql="ADD COLUMN `a` nonsense")
        step = alter_step(mysql, seen, desired, "t", [wrong])
        (refusal,) = refusals(prove_steps(mysql, seen, desired, step))
        assert refusal.code == "statement-rejected"
        assert "(1064)" in refusal.message

    def test_steps_that_end_elsewhere_are_set_right(self, mysql: Bench) -> None:
        """What the steps leave behind is compared with git again, and the rest is planned too."""
        with mysql.database(["CREATE TABLE t (id int PRIMARY KEY)"]) as here:
            seen = mysql.observe(here)
        with mysql.database(["CREATE TABLE t (id int PRIMARY KEY, a int)"]) as there:
            desired = mysql.schema(mysql.observe(there))
        wrong = Clause(kind=ClauseKind.ADD_COLUMN, object="a", sql="ADD COLUMN `a` bigint")
        step = alter_step(mysql, seen, desired, "t", [wrong])
        statements = proven(prove_steps(mysql, seen, desired, step)).statements
        assert len(statements) == 2
        assert "MODIFY COLUMN `a` int" in statements[1].sql

    def test_a_difference_that_no_step_touches_is_refused(self, mysql: Bench) -> None:
        tables = ["CREATE TABLE t (id int PRIMARY KEY)", "CREATE TABLE u (id int PRIMARY KEY)"]
        with mysql.database(tables) as here:
            seen = mysql.observe(here)
        with mysql.database([tables[0]]) as there:
            desired = mysql.schema(mysql.observe(there))
        (refusal,) = refusals(prove_steps(mysql, seen, desired))
        assert (refusal.code, str(refusal.object_id)) == ("difference-not-planned", "u")

    def test_a_statement_that_nobody_could_see_is_not_planned(self, mysql: Bench) -> None:
        with mysql.database(["CREATE TABLE t (id int PRIMARY KEY, a int, KEY k (a))"]) as here:
            seen = mysql.observe(here)
        schema = mysql.schema(seen)
        same = Clause(kind=ClauseKind.TABLE_OPTION, object="COMMENT", sql="COMMENT = ''")
        step = alter_step(mysql, seen, schema, "t", [same])
        assert sql_of(prove_steps(mysql, seen, schema, step)) == []


def test_an_empty_change_set_is_proven_by_nothing(mysql: Bench) -> None:
    table = ["CREATE TABLE t (id int PRIMARY KEY)"]
    assert sql_of(mysql.prove(table, table)) == []


def test_the_generated_invisible_primary_key_is_copied(mysql: Bench) -> None:
    on = "SET SESSION sql_generate_invisible_primary_key = ON"
    off = "SET SESSION sql_generate_invisible_primary_key = OFF"
    before = [on, "CREATE TABLE t (a int)", off]
    after = [on, "CREATE TABLE t (a int, b int)", off]
    (sql,) = sql_of(mysql.prove(before, after))
    assert "my_row_id" not in sql
