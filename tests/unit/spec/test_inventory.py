"""Shards from a list of servers, as `init --inventory` takes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli import init as init_verb
from reconciler.cli.init import _block, init
from reconciler.errors import InvalidInput
from reconciler.limits import FILE_PROBLEMS_MAX, SHARDS_MAX
from reconciler.spec.draft import draft_spec
from reconciler.spec.inventory import shards_of_inventory
from reconciler.spec.read import read_spec

LISTED = """\
# name  place  database
-40     db-1.internal
40-80   db-1.internal:3307   # the second server there
80-     [2001:db8::7]:3306   commerce_last
"""


def refused(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as raised:
        shards_of_inventory(text, "shards.txt")
    return [str(problem) for problem in raised.value.problems]


def test_a_line_says_what_is_a_shards_own_and_the_rest_holds_for_all(tmp_path: Path) -> None:
    path = tmp_path / "shards.txt"
    path.write_text(LISTED)
    described = dict.fromkeys(
        ("shards", "count", "vtgate", "vtctld", "database", "tls_ca", "tls_insecure")
    )
    with path.open() as inventory:
        described |= {
            "inventory": inventory,
            "host": "127.0.0.1",
            "port": 3306,
            "user_variable": "SCHEMA_USER",
            "password_variable": "SCHEMA_PASSWORD",
        }
        block = _block("commerce", described)
    text = draft_spec("commerce", "production", block)
    environment = read_spec(text, "specs/commerce.yaml").environment("production")
    assert environment
    found = {shard.name: shard.connection for shard in environment.shards}
    assert [(name, c.host, c.port, c.database) for name, c in sorted(found.items())] == [
        ("-40", "db-1.internal", "3306", "commerce_{shard}"),
        ("40-80", "db-1.internal", "3307", "commerce_{shard}"),
        ("80-", "2001:db8::7", "3306", "commerce_last"),
    ]
    assert "127.0.0.1" not in text
    assert {c.user for c in found.values()} == {"${SCHEMA_USER}"}


def test_all_that_is_wrong_with_it_is_told_by_line() -> None:
    told = refused("a db-1\na db-2\nb\nc db:70000\nd db:x\ne user@db\n")
    assert [line.split(":")[1] for line in told] == ["2", "3", "4", "5", "6"]
    assert "shard 'a' has a line already" in told[0]
    assert "it has 1 word " in told[1]
    assert refused("# none\n")
    assert len(refused("x\n" * 1_000)) <= FILE_PROBLEMS_MAX + 1


@pytest.mark.parametrize("more", [["--count", "2"], ["--shards", "a"]])
def test_shards_are_said_in_one_way(tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "list").write_text(LISTED)
    said = ["shop", "-C", str(tmp_path), "--inventory", str(tmp_path / "list"), *more]
    ended = CliRunner().invoke(init, said)
    assert "one of --shards, --count, --inventory" in ended.output
    assert ended.exit_code == 2


def test_a_command_is_read_as_a_file_is(tmp_path: Path) -> None:
    """No server is asked: the list is not one."""
    ended = CliRunner().invoke(init, ["shop", "-C", str(tmp_path), "--inventory", "-"], input="x\n")
    assert isinstance(ended.exception, InvalidInput)
    assert "the inventory" in str(ended.exception)


@pytest.mark.parametrize("end", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_comment_hides_no_shard(end: str) -> None:
    """What ends a line for some programs, and for no reviewer."""
    found = shards_of_inventory(f"a one.internal # or{end}b two.internal\n", "shards.txt")
    assert [shard["name"] for shard in found] == ["a"]
    assert "no printable one" in refused(f"a one.internal{end}b two.internal\n")[0]


@pytest.mark.parametrize("word", ["d\x00", "d\u202ex", "\u0663", "d\u00a0e", "sh\u00f6p"])
def test_a_word_is_what_everybody_sees(word: str) -> None:
    assert "no printable one" in refused(f"a one.internal {word}\n")[0]


def test_a_list_that_is_too_long_is_not_read_to_its_end() -> None:
    (told,) = refused("".join(f"s{number} h\n" for number in range(SHARDS_MAX + 2)))
    assert "more than" in told


def test_an_inventory_is_read_to_its_end_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was cut off would be shards that no spec has (PL-10)."""
    monkeypatch.setattr(init_verb, "SPEC_BYTES_MAX", 40)
    said = ["shop", "-C", str(tmp_path), "--inventory", "-"]
    text = "-80 one.internal\n80-c0 two.internal\nc0- three.internal\n"
    ended = CliRunner().invoke(init, said, input=text)
    assert "the inventory has more than 40 characters" in ended.output
    assert not [*tmp_path.iterdir()]
