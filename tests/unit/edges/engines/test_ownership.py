"""What is proven ours, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.edges.engines.ownership import (
    Helper,
    Record,
    foreign,
    is_ours,
    record_of,
    since,
)
from reconciler.model.engine import EngineName, Handle

RECORD = Record(
    engine=EngineName.GH_OST,
    engine_version="1.1.10",
    statement_sha256="s",
    server_sha256="here",
    table="t",
    helpers=("_t_gho", "_t_ghc"),
    since_s=1_000,
    run="r",
    own={"key": "value"},
)
GHOST = Helper(name="_t_gho", created_s=1_000)

pytestmark = pytest.mark.invariant("EN-12")


def test_a_handle_is_read_as_it_was_written() -> None:
    assert record_of(RECORD.handle()) == RECORD
    assert RECORD.handle().helpers == RECORD.helpers


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(str))
def test_a_damaged_handle_says_nothing(content: str) -> None:
    assert record_of(Handle(engine=EngineName.GH_OST, version=1, content=content)) is None


@pytest.mark.parametrize("field", ["engine_version", "helpers", "own", "run", "since_s", "table"])
def test_a_handle_without_a_field_says_nothing(field: str) -> None:
    content = RECORD.handle().content.replace(f'"{field}"', '"other"')
    assert record_of(replace(RECORD.handle(), content=content)) is None
    assert record_of(replace(RECORD.handle(), version=2)) is None


def test_ours_is_what_was_recorded_before_it_was_made_on_this_server() -> None:
    assert is_ours(GHOST, RECORD, "here")
    assert is_ours(replace(GHOST, created_s=2_000), RECORD, "here")


@pytest.mark.parametrize(
    ("helper", "record", "server"),
    [
        (GHOST, None, "here"),
        (GHOST, RECORD, "elsewhere"),
        (replace(GHOST, created_s=999), RECORD, "here"),
        (replace(GHOST, created_s=None), RECORD, "here"),
        (replace(GHOST, name="_T_gho"), RECORD, "here"),
        (replace(GHOST, name="_t_del"), RECORD, "here"),
    ],
    ids=["no handle", "other server", "older", "no time", "other letters", "not named"],
)
def test_anything_else_is_foreign(helper: Helper, record: Record | None, server: str) -> None:
    assert not is_ours(helper, record, server)
    refused = foreign([GHOST, helper], record, server)
    assert refused is not None
    assert not refused.transient
    assert helper.name in refused.error.message


def test_work_that_goes_on_keeps_the_moment_from_which_things_are_its_own() -> None:
    assert since(RECORD, [GHOST], 5_000) == 1_000
    assert since(RECORD, [], 5_000) == 5_000
    assert since(None, [], 5_000) == 5_000
