"""What vtctld is asked is bounded; what it answers is told apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.vitess.vtctld import json_of
from reconciler.edges.vitess.vtctldclient import VtctldAnswer, VtctldClient
from reconciler.errors import Unavailable


def client(tmp_path: Path, script: str) -> VtctldClient:
    program = tmp_path / "vtctldclient"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return VtctldClient(program=program, address="vtctld.example:15999", options=("--option=x",))


def error(message: str) -> str:
    return json.dumps({"level": "ERROR", "msg": message})


@pytest.mark.invariant("VT-1")
def test_it_is_told_where_to_go_and_how_long_it_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VTCTLDCLIENT_SERVER", "elsewhere:1")
    monkeypatch.setenv("SCHEMA_PASSWORD", "a-password")
    asked = client(tmp_path, 'printf "%s\\n" "$@"; env | grep -i -e vtctl -e password; true')
    answer = asked.ask("GetVSchema", "shop", limit_s=7)
    assert answer.is_done
    assert answer.text.splitlines() == [
        "--server=vtctld.example:15999",
        "--action-timeout=7s",
        "--logtostderr",
        "--grpc-max-message-size=16777216",
        "--option=x",
        "GetVSchema",
        "shop",
    ]


def test_the_last_error_says_why(tmp_path: Path) -> None:
    lines = [
        json.dumps({"level": "WARN", "msg": "retrying"}),
        error("rpc error: code = NotFound desc = node doesn't exist: keyspaces/nope/VSchema"),
        "usage: not JSON",
        "[1]",
    ]
    answer = client(tmp_path, "cat >&2 <<'END'\n" + "\n".join(lines) + "\nEND\nexit 1").ask("x")
    words = "node doesn't exist: keyspaces/nope/VSchema"
    assert answer == VtctldAnswer(is_done=False, status="NotFound", words=words)
    assert answer.was_reached


@pytest.mark.parametrize("status", ["Unavailable", "DeadlineExceeded"])
def test_an_address_that_does_not_answer_is_told_from_a_refusal(
    status: str, tmp_path: Path
) -> None:
    line = error(f"rpc error: code = {status} desc = connection refused")
    assert not client(tmp_path, f"echo '{line}' >&2; exit 1").ask("x").was_reached


@pytest.mark.invariant("PL-12")
@pytest.mark.threat("TM-VITESS-3")
@pytest.mark.parametrize("status", ["Unauthenticated", "PermissionDenied"])
def test_a_login_that_is_not_taken_is_told_without_its_name(status: str, tmp_path: Path) -> None:
    said = f'rpc error: code = {status} desc = auth failure: caller "ada" is not in the list'
    answer = client(tmp_path, f"cat >&2 <<'END'\n{error(said)}\nEND\nexit 1").ask("GetKeyspaces")
    assert answer.was_reached
    with pytest.raises(Unavailable) as raised:
        json_of("GetKeyspaces", answer)
    assert "[vtctld-login]" in str(raised.value)
    assert "ada" not in f"{raised.value}{answer}"


def test_words_that_are_no_record_are_told_as_they_are(tmp_path: Path) -> None:
    answer = client(tmp_path, "echo 'flag provided but not defined' >&2; exit 2").ask("x")
    assert answer == VtctldAnswer(is_done=False, words="flag provided but not defined")


@pytest.mark.invariant("VT-1")
def test_one_that_never_ends_is_given_up(tmp_path: Path) -> None:
    endless = replace(client(tmp_path, "exec sleep 60"), grace_s=0.2)
    assert not endless.ask("x", limit_s=0).was_reached


@pytest.mark.invariant("VT-31")
def test_who_is_waited_for_is_told_before_it_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    slow = replace(client(tmp_path, "exec sleep 60"), grace_s=0.5, told_after_s=0.05)
    slow.ask("x", limit_s=0)
    assert caplog.messages == ["vtctld does not answer yet; it is waited for, up to 0 s"]
    caplog.clear()
    replace(client(tmp_path, "true"), told_after_s=30.0).ask("x")
    assert caplog.messages == []


def test_one_that_is_gone_was_not_reached(tmp_path: Path) -> None:
    gone = VtctldClient(program=tmp_path / "nowhere", address="vtctld.example:15999")
    assert not gone.ask("x").was_reached
    assert "vtctld.example" not in repr(gone)
