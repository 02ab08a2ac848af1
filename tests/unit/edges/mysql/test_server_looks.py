"""What a server says of its settings is asked each time, and read once."""

from __future__ import annotations

from typing import Any, cast

import pytest

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import SETTINGS_CHARS_KNOWN_MAX
from reconciler.edges.mysql.problems import LinkLost
from reconciler.edges.mysql.server_settings import ServerLook, known_look, look_at_server


class Target:
    label = "shard -80"
    address = ("db.example", 3306)


class Answers:
    """A link to a server that answers with these values, and 1 to whatever else is asked."""

    server_version = "8.4.3"
    target = Target()

    def __init__(self, *first: object, **of_variables: object) -> None:
        self._first, self._of_variables = first, of_variables
        self.folds_names = True

    def settings(self, sql: str, *, width: int) -> tuple[object, ...]:
        names = [one.removeprefix("@@global.") for one in sql.split(", ") if "@@global." in one]
        values = tuple(self._of_variables.get(name, 1) for name in names)
        assert len(values) + len(self._first) == width
        return self._first + values


def looked(*first: object, **of_variables: Any) -> ServerLook:
    link = cast(Link, Answers(*first, **of_variables))
    return look_at_server(link, for_statements=True)


USUAL = ("8.4.3", "utf8mb4", "utf8mb4_bin", "NO")


def test_shards_that_say_the_same_share_what_was_read_and_others_do_not() -> None:
    one = looked(*USUAL, read_only=0)
    assert looked(*USUAL, read_only=0) is one
    other = looked(*USUAL, read_only=0, server_uuid="another")
    assert other.identity != one.identity
    assert "read_only" not in one.read_only
    assert "read_only" in looked(*USUAL, read_only=1).read_only
    latin = looked("8.4.3", "latin1", b"latin1_bin", "NO", read_only=0)
    assert (latin.settings.database_charset, latin.identity) == ("latin1", one.identity)


@pytest.mark.invariant("CN-4")
def test_what_is_no_answer_is_none_each_time() -> None:
    for _ in range(2):
        with pytest.raises(LinkLost):
            looked("8.4.3", "no word", "utf8mb4_bin", "NO")


@pytest.mark.invariant("CN-3")
@pytest.mark.parametrize(("chars", "is_kept"), [(10, True), (SETTINGS_CHARS_KNOWN_MAX, False)])
def test_of_settings_without_measure_nothing_is_kept(chars: int, is_kept: bool) -> None:
    known_look.cache_clear()
    assert looked(*USUAL, sql_mode="x" * chars).settings.variable("sql_mode") == "x" * chars
    assert known_look.cache_info().currsize == int(is_kept)
