"""Secrets are found however a text spells them, and taken out where text leaves (PL-12, PL-16)."""

from __future__ import annotations

import base64
import html
import json
import logging
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from reconciler.cli.streams import Remarks, remark, show, write_file
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.edges.github.runner import RunnerFiles
from reconciler.edges.ledger import rows
from reconciler.edges.limits import RENEWED_TOKENS_KEPT
from reconciler.edges.secrets import SECRETS, Secrets
from reconciler.edges.spellings import spellings_of
from reconciler.errors import Refused
from reconciler.ledger.model import EventEntry
from reconciler.ledger.reasons import Failed
from reconciler.report.spans import Text
from reconciler.report.write.neutral import inline
from reconciler.spec.secrets import NOT_SHOWN

PASSWORD = "p@ss*w\"or'd /x\\y€_z"
PLAIN = "the-password-of-nobody-else"


def spelled_in_many_ways(secret: str) -> dict[str, str]:
    around = {
        f"base64, {before} before, {after} behind": base64.b64encode(
            b"u" * before + secret.encode() + b"v" * after
        ).decode()
        for before in range(4)
        for after in range(4)
    }
    return {
        "as it is": secret,
        "in capitals": secret.upper(),
        "in an address": quote(secret, safe=""),
        "in a form": quote_plus(secret),
        "in JSON": json.dumps(secret),
        "in JSON that is not ASCII": json.dumps(secret, ensure_ascii=False),
        "JSON in JSON": json.dumps(json.dumps(secret)),
        "as Python": repr(secret),
        "in HTML": html.escape(secret),
        "in SQL": secret.replace("'", "''"),
        "in Markdown": inline((Text(secret),)),
        "wrapped": secret.replace(" ", "\n      "),
        "hexadecimal": secret.encode().hex(),
        "HEXADECIMAL": secret.encode().hex().upper(),
        "base64 of addresses": base64.urlsafe_b64encode(secret.encode()).decode(),
        **around,
    }


@pytest.mark.invariant("PL-16")
@pytest.mark.parametrize("secret", [PASSWORD, PLAIN])
@pytest.mark.parametrize("way", spelled_in_many_ways(PLAIN))
def test_a_secret_is_found_however_it_is_spelled(secret: str, way: str) -> None:
    found = spellings_of(secret)
    text = f"before {spelled_in_many_ways(secret)[way]} behind"
    shown = found.replaced(text, NOT_SHOWN)
    assert found.are_in(text)
    assert NOT_SHOWN in shown
    assert not found.are_in(shown)
    assert shown.startswith("before ")
    assert shown.endswith(" behind")


@pytest.mark.parametrize(
    "text", ["", "the password of nobody else", "p@ss", "a report of many words " * 1_000]
)
def test_what_is_no_secret_stays(text: str) -> None:
    secrets = Secrets()
    secrets.add(PASSWORD)
    secrets.add(PLAIN)
    assert secrets.redacted(text) == text
    assert secrets.of_a_server(text) == text


@pytest.mark.invariant("PL-16")
def test_tokens_that_are_renewed_for_months_are_looked_for_as_long_as_they_last() -> None:
    secrets = Secrets()
    secrets.add(PASSWORD)
    tokens = [f"ghs_{number:036}" for number in range(500)]
    for token in tokens:
        secrets.renew(PASSWORD, of="the forge")  # it expires by no renewal
        secrets.renew(token, of="the forge")
    assert secrets.redacted(tokens[0]) == tokens[0]
    for token in (PASSWORD, *tokens[-RENEWED_TOKENS_KEPT:]):
        assert secrets.redacted(token) == secrets.of_a_server(token) == NOT_SHOWN
    secrets.renew(tokens[-RENEWED_TOKENS_KEPT], of="the forge")
    secrets.renew("another token", of="the forge")
    assert secrets.redacted(tokens[-RENEWED_TOKENS_KEPT]) == NOT_SHOWN


@pytest.mark.invariant("PL-16")
@pytest.mark.parametrize("weak", ["app", "commerce_owner", "reconciler"])
def test_a_word_that_is_no_secret_is_taken_out_of_what_servers_say_alone(weak: str) -> None:
    """Else a report would have holes where the account's name or a table's stands."""
    secrets = Secrets()
    secrets.add(weak, public=("commerce_owner",))
    said = f"{weak} did not match"
    assert secrets.redacted(said) == said
    assert secrets.of_a_server(said) == f"{NOT_SHOWN} did not match"
    assert secrets.of_a_server(f"x{weak}x") == (f"x{weak}x" if len(weak) < 8 else f"x{NOT_SHOWN}x")


@pytest.mark.invariant("PL-12")
@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("no connection to db-7.internal", "no connection to <address>"),
        ("no connection to DB-7.internal:3306 now", "no connection to <address> now"),
        ("code = Unavailable, 10.0.0.7:15999", "code = Unavailable, <address>"),
        ("dial tcp [fd00::7]:3306: refused", "dial tcp <address>: refused"),
        ("fd00:1:2:3:4:5:6:7 and fe80::1", "<address> and <address>"),
        ("vttablet-7.zone1.svc:15999 is not serving", "<address> is not serving"),
        ("through '/run/mysqld/mysqld.sock' (2)", "through '<address>' (2)"),
        ("the socket /srv/a b/s is gone", "the socket <address> is gone"),
        ("at 2024-01-01 10:11:12, 8.0.44, `d`.`t`", "at 2024-01-01 10:11:12, 8.0.44, `d`.`t`"),
    ],
)
def test_addresses_are_taken_out_of_what_servers_say(said: str, shown: str) -> None:
    secrets = Secrets()
    secrets.add_address("db-7.internal")
    secrets.add_address("/srv/a b/s")
    assert secrets.of_a_server(said) == shown


@pytest.mark.invariant("PL-16")
def test_every_stream_and_file_of_a_command_is_without_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    SECRETS.add(PLAIN)
    show(f"a result with {PLAIN}")
    remark(f"a remark with {PLAIN}")
    record = logging.makeLogRecord({"msg": f"a text with {PLAIN}"})
    log = Remarks()
    log.emit(record)
    log.emit(record)
    write_file(tmp_path / "written", PLAIN)
    runner = RunnerFiles(summary=tmp_path / "summary", outputs=tmp_path / "outputs")
    runner.summarise(lambda _: PLAIN)
    runner.output({"said": PLAIN})
    said = capsys.readouterr()
    files = "".join((tmp_path / name).read_text() for name in ("written", "summary", "outputs"))
    assert PLAIN not in said.out + said.err + files
    assert said.out + said.err + files == (
        f"a result with {NOT_SHOWN}\na remark with {NOT_SHOWN}\n"
        f"log: a text with {NOT_SHOWN}\n{NOT_SHOWN}{NOT_SHOWN}\n\nsaid={NOT_SHOWN}\n"
    )


@pytest.mark.invariant("PL-16")
def test_a_file_for_git_that_would_hold_a_secret_is_refused(tmp_path: Path) -> None:
    SECRETS.add(PLAIN)
    content = json.dumps({"comment": PLAIN}).encode()
    with pytest.raises(Refused) as refused:
        WorkingTreeWriter(tmp_path).write("plans/p/k.plan.json", content)
    assert refused.value.problems[0].code == "secret-in-file"
    assert PLAIN not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.invariant("PL-16")
def test_a_sentence_of_the_ledger_is_without_secrets() -> None:
    SECRETS.add(PLAIN)
    event = EventEntry(at_s=1.0, what=Failed(f"failed with {PLAIN}"), shard="-80", object_id=None)
    assert PLAIN not in str(rows.event_columns(event))
    assert rows.line(f"x {PLAIN}") == f"x {NOT_SHOWN}"
