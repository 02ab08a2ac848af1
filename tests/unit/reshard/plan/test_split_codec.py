"""The plan of a move to bytes and back; whatever is done to the bytes, it is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import Refused
from reconciler.plan.codec import dump_plan, load_plan
from reconciler.reshard.plan.codec import (
    dump_split_plan,
    load_split_plan,
    split_plan_from_core,
)
from reconciler.reshard.plan.files import read_split_plan, split_plan_paths
from reconciler.reshard.plan.model import SplitMeta
from tests.offline_fleet import Files
from tests.sample_plans import sample_plan
from tests.sample_split_plans import META, sample_core, sample_readable, sample_split_plan

PATHS = split_plan_paths("production", "shop")


def refusal(content: bytes) -> str:
    with pytest.raises(Refused) as refused:
        load_split_plan(content, PATHS.json)
    return refused.value.problems[0].code


def edited(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(dump_split_plan(sample_split_plan()))
    change(document)
    return json.dumps(document).encode()


@pytest.mark.invariant("PL-5")
def test_a_plan_comes_back_as_it_was() -> None:
    plan = sample_split_plan()
    assert load_split_plan(dump_split_plan(plan), PATHS.json) == plan


@pytest.mark.invariant("PL-6")
def test_sizes_notes_and_times_are_no_part_of_the_id() -> None:
    other = SplitMeta(created_at="2027-01-01T00:00:00Z", tool_version="9")
    assert split_plan_from_core(sample_core(), other).plan_id == sample_split_plan().plan_id


@pytest.mark.invariant("PL-5")
def test_the_identity_of_the_move_fits_where_shards_are_marked_with_it() -> None:
    identity = sample_split_plan().identity
    assert len(identity) == 64
    assert identity.isascii()


@pytest.mark.threat("TM-WRITER-36")
@pytest.mark.invariant("PL-7")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d["core"]["base"].update(version=2), "plan-id-mismatch"),
        (lambda d: d["core"]["statements"].pop(), "plan-id-mismatch"),
        (lambda d: d["core"]["approvals"].remove("cleanup"), "plan-id-mismatch"),
        (lambda d: d["core"].update(engine="gossip"), "plan-malformed"),
        (lambda d: d["core"].update(surprise=1), "plan-malformed"),
        (lambda d: d["core"]["tables"][0].pop("name"), "plan-malformed"),
        (lambda d: d["core"]["base"].update(version=True), "plan-malformed"),
        (lambda d: d["core"]["base"].update(version=2**60), "plan-malformed"),
        (lambda d: d.update(kind="plan"), "plan-malformed"),
        (lambda d: d.pop("kind"), "plan-malformed"),
        (lambda d: d.update(more=1), "plan-malformed"),
        (lambda d: d.update(format="1.9"), "plan-format-newer"),
        (lambda d: d.update(format="one"), "plan-malformed"),
        (lambda d: d["meta"].update(created_at=None), "plan-malformed"),
    ],
)
def test_an_edited_plan_is_refused(change: Callable[[dict[str, Any]], object], code: str) -> None:
    assert refusal(edited(change)) == code


@pytest.mark.invariant("PL-7")
@pytest.mark.parametrize("content", [b"", b"{}", b" \n"])
def test_an_empty_plan_is_never_one(content: bytes) -> None:
    assert refusal(content) == "plan-empty"


@pytest.mark.invariant("SP-70")
def test_neither_kind_of_plan_can_be_read_as_the_other() -> None:
    schema, split = dump_plan(sample_plan()), dump_split_plan(sample_split_plan())
    assert refusal(schema) == "plan-malformed"
    with pytest.raises(Refused):
        load_plan(split, "plans/production/shop.plan.json")


@pytest.mark.invariant("PL-15")
def test_nothing_in_the_file_hides() -> None:
    core = replace(sample_core(), left_behind=("view a\u202eb",))
    content = dump_split_plan(split_plan_from_core(core, META))
    assert content.isascii()
    assert refusal(content.replace(b"\\u202e", "\u202e".encode())) == "plan-malformed"


@pytest.mark.invariant("PL-11")
@pytest.mark.parametrize(
    ("readable", "code"),
    [
        (None, "readable-plan-missing"),
        (sample_readable().replace("20 s", "2 s"), "readable-plan-mismatch"),
        (sample_readable() + "DROP TABLE `orders`;\n", "readable-plan-mismatch"),
        ("", "readable-plan-mismatch"),
    ],
)
def test_the_readable_file_is_the_one_that_the_plan_is_bound_to(
    readable: str | None, code: str
) -> None:
    files = Files({PATHS.json: dump_split_plan(sample_split_plan())})
    if readable is not None:
        files.write(PATHS.sql, readable.encode())
    with pytest.raises(Refused) as refused:
        read_split_plan(files, "production", "shop")
    assert refused.value.problems[0].code == code


@pytest.mark.invariant("PL-11")
def test_both_files_together_are_read() -> None:
    files = Files({PATHS.json: dump_split_plan(sample_split_plan())})
    files.write(PATHS.sql, sample_readable().encode())
    assert read_split_plan(files, "production", "shop") == sample_split_plan()
    assert read_split_plan(files, "staging", "shop") is None
