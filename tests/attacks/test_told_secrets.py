"""A server tells what it heard, and where it stands: nothing of it leaves, in whatever words."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from reconciler.edges.files.working_tree import WorkingTree
from reconciler.edges.shard_session import MysqlShardSessions
from reconciler.ports.engine import Failed
from reconciler.spec.load import load_keyspace
from tests.attacks import packets
from tests.attacks.lying_server import Catalogue, Conversation, Lies, Login
from tests.attacks.watched import PASSWORD, SPEC, Watched, watched_jobs, watching
from tests.fleet import Ended
from tests.integration.mysql_edges import carried_out
from tests.sample_plans import sample_plan

HOST, PLACE = "127.0.0.1", "db-7.internal.example:3306"
FORMATS = ("text", "json", "markdown", "github", "sarif")

# About a definition, about logging in, about nothing, a client's, and a proxy's own.
NUMBERS = (1064, 1045, 1105, 2013, 65_535)
ABOUT_A_DEFINITION, ABOUT_NOTHING = 1064, 1105
SAID = (
    f"{PASSWORD} {quote(PASSWORD, safe='')} {PASSWORD.upper()}"
    f" {base64.b64encode(b'app:' + PASSWORD.encode()).decode()} {PASSWORD.encode().hex()}"
    f" {json.dumps(PASSWORD)} at {HOST} {HOST}:3306 {PLACE} 'app'@'10.0.0.7'"
)


def refused(number: int) -> bytes:
    return packets.error(number, SAID)


def at_the_greeting(number: int) -> Lies:
    return Lies(greeting=refused(number))


def at_the_login(number: int) -> Lies:
    def refuse(conversation: Conversation, _login: Login) -> bool:
        conversation.send(refused(number))
        return True

    return Lies(on_login=refuse)


def at(fragment: str) -> Callable[[int], Lies]:
    def lies(number: int) -> Lies:
        def refuse(conversation: Conversation, sql: str) -> bool:
            if fragment in sql:
                conversation.send(refused(number))
                return True
            return False

        return Lies(on_statement=refuse)

    return lies


MOMENTS: dict[str, Callable[[int], Lies]] = {
    "greeting": at_the_greeting,
    "login": at_the_login,
    "first question": at("SELECT VERSION()"),
    "privileges": at("SHOW GRANTS"),
    "listing": at("information_schema.TABLES"),
    "definition": at("SHOW CREATE TABLE"),
}
HONEST = Catalogue(tables={"users": "CREATE TABLE `users` (\n  `id` int NOT NULL\n)"})


def is_silent(text: str) -> None:
    kept = text.casefold()
    for secret in (
        PASSWORD,
        base64.b64encode(PASSWORD.encode()).decode().rstrip("="),
        base64.b64encode(b"app:" + PASSWORD.encode()).decode(),
        PASSWORD.encode().hex(),
        PLACE,
        "10.0.0.7",
        f"{HOST}:3306",
    ):
        assert secret.casefold() not in kept


def said_by(watched: Watched, *command: str) -> Ended:
    ended = watched.fleet.run(*command)
    assert ended.code != 64, ended.said
    assert "internal-error" not in ended.said
    is_silent(ended.said)
    return ended


@pytest.mark.threat("TM-SERVER-21")
@pytest.mark.invariant("PL-12")
@pytest.mark.parametrize(
    ("moment", "number"),
    [
        *(("login", number) for number in NUMBERS),
        *((moment, ABOUT_A_DEFINITION) for moment in MOMENTS if moment != "login"),
        *(("definition", ABOUT_NOTHING), ("greeting", ABOUT_NOTHING)),
    ],
)
def test_no_command_and_no_format_repeats_what_a_server_says_it_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, number: int
) -> None:
    with watching(tmp_path, monkeypatch, lies=MOMENTS[moment](number), catalogue=HONEST) as watched:
        assert said_by(watched, "drift", "-e", "production", "--output", "json").code
        assert said_by(watched, "plan", "-e", "production", "--write").code
        assert said_by(watched, "pull", "-e", "production").code
        said_by(watched, "doctor", "-e", "production")
        said_by(watched, "status", "-e", "production")
        assert PASSWORD not in watched.fleet.read(SPEC)
        assert not (watched.fleet.root / "plans").exists()


@pytest.mark.threat("TM-SERVER-21")
@pytest.mark.invariant("PL-17")
@pytest.mark.parametrize("number", [ABOUT_A_DEFINITION, ABOUT_NOTHING])
@pytest.mark.parametrize("moment", ["login", "definition"])
def test_no_job_publishes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, number: int
) -> None:
    lies = MOMENTS[moment](number)
    with (
        watching(tmp_path, monkeypatch, lies=lies, catalogue=HONEST) as watched,
        watched_jobs(watched, tmp_path) as jobs,
    ):
        jobs.branch()
        watched.fleet.edit("schemas/commerce/users.sql", "id int", "id bigint")
        watched.fleet.commit("a change")
        number_of_pull = jobs.propose()
        verified = jobs.on_pull_request(number_of_pull, "verify")
        drifted = jobs.on_schedule("drift")
        published = [
            *jobs.comments(number_of_pull),
            *(path.read_text() for path in jobs.summaries),
            *(issue["body"] for issue in jobs.hub.issues.values()),
        ]
        assert len(published) >= 3
        for text in (verified.said, drifted.said, *published):
            is_silent(text)
        if number == ABOUT_NOTHING:
            assert any("whose text is in this run's log alone" in text for text in published)
            assert f"log: error {number} (HY000) of a server: (not shown)" in drifted.err


@pytest.mark.threat("TM-SERVER-22")
@pytest.mark.invariant("PL-16")
def test_a_password_that_is_put_into_a_definition_gets_into_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    column = f"`id` int NOT NULL COMMENT '{PASSWORD}'"
    table = f"CREATE TABLE `orders` (\n  {column},\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB"
    told = Catalogue(tables={**HONEST.tables, "orders": table})
    with watching(tmp_path, monkeypatch, catalogue=told) as watched:
        assert "secret-in-file" in said_by(watched, "pull", "-e", "production").said
        said_by(watched, "plan", "-e", "production", "--write")
        for form in FORMATS:
            said_by(watched, "drift", "-e", "production", "--output", form)
        for path in watched.fleet.root.rglob("*.[sj]*"):
            assert PASSWORD not in path.read_text(errors="replace")


@pytest.mark.threat("TM-SERVER-21")
@pytest.mark.invariant("PL-12")
@pytest.mark.parametrize("number", [1064, 1062, 3819, 9_001])
def test_a_statement_that_fails_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    statement = sample_plan().core.change_sets[0].statements[0]
    with watching(tmp_path, monkeypatch, lies=at(statement.sql)(number)) as watched:
        files = load_keyspace(WorkingTree(watched.fleet.root), SPEC)
        shard = files.spec.environments[0].shards[0]
        sessions = MysqlShardSessions(environ=os.environ, root=watched.fleet.root)
        with sessions.open(shard) as session:
            outcome = carried_out(session, statement, lock_wait_s=1, run_limit_s=5)
    assert isinstance(outcome, Failed)
    assert outcome.error.number == number
    is_silent(str(outcome))
