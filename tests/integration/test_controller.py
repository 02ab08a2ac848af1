"""`reconciler run` on real servers: replicas over one ledger, killed and told to end."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pymysql
import pytest

from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.integration.controllers import Replica, Replicas, ddl_counts, replicas
from tests.integration.rollouts import LOCK_WAIT, ages, planned, reading, status, waits
from tests.untold import found_in
from tests.waiting import PATIENCE_S, until

SHARDS = ["-40", "40-80", "80-c0", "c0-"]


@pytest.fixture
def controllers(fleet: Fleet, fresh_database: FreshDatabase, tmp_path: Path) -> Iterator[Replicas]:
    with replicas(fleet, fresh_database, tmp_path) as made:
        yield made


def led(made: Replicas) -> list[Replica]:
    return [one for one in made.started if one.process.poll() is None and one.leads]


def until_done(fleet: Fleet, by: Replica) -> None:
    def is_done() -> bool:
        assert by.process.poll() is None, by.said
        return ages(fleet) == SHARDS and status(fleet)["outcome"] == "completed"

    until(is_done, "the rest to be applied")


@pytest.mark.invariant("RG-44")
@pytest.mark.invariant("RG-41")
def test_another_goes_on_after_the_leader_was_killed_in_the_midst_of_an_apply(
    fleet: Fleet, controllers: Replicas
) -> None:
    planned(fleet, lock_wait=LOCK_WAIT)
    before = ddl_counts(fleet, "ALTER TABLE")
    first = controllers.start()
    until(lambda: first.leads, "a leader")
    second = controllers.start()
    with reading(fleet, "-40") as reader:
        until(lambda: waits(fleet, "-40"), "the ALTER to wait")
        assert led(controllers) == [first]
        first.kill()
        until(lambda: second.leads, "the other to lead")
        reader.execute("COMMIT")
    until_done(fleet, second)
    after = ddl_counts(fleet, "ALTER TABLE")
    ran = {shard: after[shard][0] - before[shard][0] for shard in SHARDS}
    in_vain = {shard: after[shard][1] - before[shard][1] for shard in SHARDS}
    # The killed one's statement counts even where the server ended it before it did anything.
    assert {shard: ran[shard] - in_vain[shard] for shard in SHARDS} == dict.fromkeys(SHARDS, 1)
    assert {shard: in_vain[shard] for shard in SHARDS[1:]} == dict.fromkeys(SHARDS[1:], 0)
    assert fleet.run("plan").said.count("nothing to do") == 1


@pytest.mark.invariant("RG-44")
@pytest.mark.invariant("RG-111")
def test_a_leader_that_wakes_up_after_it_was_overtaken_runs_nothing_twice(
    fleet: Fleet, controllers: Replicas
) -> None:
    """It is stopped in the midst of a statement, and its sessions are ended meanwhile, its locks
    with them: when it goes on, another leads, and works on the very shard."""
    planned(fleet, lock_wait=LOCK_WAIT)
    before = ddl_counts(fleet, "ALTER TABLE")
    first = controllers.start()
    until(lambda: first.leads, "a leader")
    second = controllers.start()
    with reading(fleet, "-40") as reader:
        until(lambda: waits(fleet, "-40"), "the ALTER to wait")
        first.process.send_signal(signal.SIGSTOP)
        end_sessions(fleet, "-40", reader)
        until(lambda: second.leads, "the other to lead")
        until(lambda: waits(fleet, "-40"), "the ALTER of the other to wait")
        first.process.send_signal(signal.SIGCONT)
        until(lambda: "nothing is begun" in first.said, "it to see that another leads")
        reader.execute("COMMIT")
    until_done(fleet, second)
    assert first.process.poll() is None, first.said
    assert led(controllers) == [second]
    after = ddl_counts(fleet, "ALTER TABLE")
    ran = {shard: after[shard][0] - before[shard][0] for shard in SHARDS}
    in_vain = {shard: after[shard][1] - before[shard][1] for shard in SHARDS}
    assert {shard: ran[shard] - in_vain[shard] for shard in SHARDS} == dict.fromkeys(SHARDS, 1)
    assert {shard: in_vain[shard] for shard in SHARDS[1:]} == dict.fromkeys(SHARDS[1:], 0)


def end_sessions(fleet: Fleet, kept: str, reader: pymysql.cursors.Cursor) -> None:
    """All that there are on the servers of the fleet, but the reader's on that shard's."""
    reader.execute("SELECT CONNECTION_ID()")
    (number_kept,) = reader.fetchone() or (0,)
    for shard, (server, _) in fleet.databases.items():
        own = number_kept if server is fleet.databases[kept][0] else 0
        with fleet.connected(shard) as cursor:
            cursor.execute(
                "SELECT id FROM information_schema.processlist"
                " WHERE id NOT IN (%s, CONNECTION_ID()) AND user <> 'event_scheduler'",
                (own,),
            )
            for (number,) in cursor.fetchall():
                with suppress(pymysql.Error):  # it has gone by itself
                    cursor.execute(f"KILL {number}")


@pytest.mark.invariant("RG-45")
def test_one_that_is_told_to_end_lets_the_statement_end_and_the_next_goes_on_at_once(
    fleet: Fleet, controllers: Replicas
) -> None:
    planned(fleet, lock_wait=LOCK_WAIT)
    first = controllers.start("--grace", "600")
    with reading(fleet, "-40") as reader:
        until(lambda: waits(fleet, "-40"), "the ALTER to wait")
        first.process.send_signal(signal.SIGTERM)
        until(lambda: "told to end: 1 errand ends first" in first.said, "its word")
        assert first.process.poll() is None, "the statement still runs"
        reader.execute("COMMIT")
        assert first.process.wait(PATIENCE_S) == 0, first.said
    assert (ages(fleet), status(fleet)["outcome"]) == (["-40"], "stopped")
    second = controllers.start()
    until_done(fleet, second)


def asked(port: int, path: str, *, verb: str = "GET", **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    body = b"{}" if verb == "POST" else None
    connection.request(verb, path, body=body, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


@pytest.mark.invariant("RG-46")
@pytest.mark.invariant("RG-48")
@pytest.mark.threat("TM-CONTROLLER-4")
def test_programs_are_told_and_a_nudge_is_heard_and_nothing_secret_leaves(
    fleet: Fleet, controllers: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_API_TOKEN", "t" * 32)
    monkeypatch.setenv("RECONCILER_NUDGE_SECRET", "s" * 32)
    one = controllers.start("--serve-api", "127.0.0.1:0")
    until(lambda: one.leads, "a leader")
    api, health = one.port("programs"), one.port("metrics")
    until(lambda: asked(health, "/readyz")[0] == 200, "to be ready")
    planned(fleet)
    digest = hmac.new(b"s" * 32, b"{}", hashlib.sha256).hexdigest()
    nudge = {"X-Hub-Signature-256": f"sha256={digest}"}
    assert asked(api, "/nudge", verb="POST", **nudge)[0] == 202
    until_done(fleet, one)
    token = {"Authorization": f"Bearer {'t' * 32}"}

    def told(path: str) -> str:
        status, text = asked(api, path, **token)
        assert status == 200
        return text

    until(lambda: '"waits_for": "nothing"' in told("/v1/plans"), "the loop to see it done")
    (apply,) = json.loads(told("/v1/status"))["applies"]
    assert (apply["state"], len(apply["shards"])) == ("completed", 4)
    texts = [told(f"/v1/{what}") for what in ("plans", "status", "history", "drift")]
    texts.append(asked(health, "/metrics")[1])
    assert 'reconciler_statements_total{environment="production",keyspace="shop"' in texts[-1]
    secrets = ["ALTER", "127.0.0.1", "t" * 32, "s" * 32]
    for server in fleet.servers:
        secrets += [server.admin.password, str(server.port)]
    secrets += [database for _, database in fleet.databases.values()]
    assert found_in(texts, secrets) == []
    assert found_in([one.said], ["t" * 32, "s" * 32, fleet.servers[0].admin.password]) == []


@pytest.mark.invariant("RG-41")
def test_a_gate_waits_for_a_person_and_a_release_is_taken_up(
    fleet: Fleet, controllers: Replicas
) -> None:
    planned(fleet, gate=True)
    one = controllers.start()
    until(lambda: "paused" in one.said, "the gate")
    assert ages(fleet) == ["-40"]
    assert fleet.run("release").code == 0
    until(lambda: len(ages(fleet)) > 1, "the next wave")
    assert one.process.poll() is None, one.said
