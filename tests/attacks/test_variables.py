"""A spec asks for what belongs to the job: no server hears it, however it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.watched import Watched, watching, write_spec

SECRET = "a-secret-of-the-job"


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    with watching(tmp_path, monkeypatch) as found:
        yield found


def ask_for(watched: Watched, name: str, part: str) -> None:
    production: dict[str, Any] = watched.fleet.spec["environments"]["production"]
    if part == "ledger":
        port = watched.ledger.port
        production["ledger"] = f"mysql://app:${{{name}}}@127.0.0.1:{port}/reconciler"
    else:
        production[part]["password"] = f"${{{name}}}"
    write_spec(watched.fleet)
    watched.fleet.commit("asks for it")


@pytest.mark.threat("TM-WRITER-23")
@pytest.mark.invariant("GT-4")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("GITHUB_TOKEN", "spec-variable-of-job"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "spec-variable-of-job"),
        ("RECONCILER_COMMIT_TOKEN", "spec-variable-of-job"),
        ("AWS_SECRET_ACCESS_KEY", "variable-not-allowed"),
        ("SCHEMA_TOKEN", "variable-not-allowed"),
    ],
)
@pytest.mark.parametrize(
    ("part", "verb"),
    [
        ("connection", ("plan",)),
        ("scratch", ("plan",)),
        ("ledger", ("status",)),
        ("ledger", ("apply", "--review", "none")),
    ],
)
def test_a_variable_of_the_job_is_sent_to_no_server(
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    code: str,
    part: str,
    verb: tuple[str, ...],
) -> None:
    monkeypatch.setenv(name, SECRET)
    ask_for(watched, name, part)
    ended = watched.fleet.run(*verb, "-e", "production")
    servers = (watched.shard, watched.scratch, watched.ledger)
    assert not any(SECRET.encode() in said for server in servers for said in server.heard)
    asked = {"connection": watched.shard, "scratch": watched.scratch, "ledger": watched.ledger}
    assert not asked[part].logins
    assert ended.code in (1, 3), ended.said
    assert code in ended.said or part == "scratch"  # which comes after the shards
