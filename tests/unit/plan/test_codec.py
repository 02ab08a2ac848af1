"""Plans to bytes and back; whatever is done to the bytes, it is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Refused
from reconciler.model.object_id import table_id
from reconciler.plan.codec import dump_plan, load_plan, plan_from_core, plan_id_of
from reconciler.plan.model import ObjectBefore
from tests.sample_plans import META, sample_plan, with_hazards

PATH = "plans/production/commerce.plan.json"
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def refusal(content: bytes) -> str:
    with pytest.raises(Refused) as refused:
        load_plan(content, PATH)
    return refused.value.problems[0].code


@pytest.mark.invariant("PL-5")
def test_a_plan_comes_back_as_it_was() -> None:
    plan = sample_plan()
    assert load_plan(dump_plan(plan), PATH) == plan


@pytest.mark.invariant("PL-5")
@given(
    text=ANY_TEXT,
    tables=st.lists(ANY_TEXT, max_size=3),
    definition=st.none() | ANY_TEXT,
    rows=st.none() | st.integers(0, 2**53 - 1),
)
def test_any_core_comes_back_as_it_was(
    text: str, tables: list[str], definition: str | None, rows: int | None
) -> None:
    """Unicode, the empty text, the absent one, the empty list: each is itself afterwards."""
    core = sample_plan().core
    change_set = core.change_sets[0]
    statements = tuple(replace(s, sql=text, row_ceiling=rows) for s in change_set.statements)
    touched = (ObjectBefore(object_id=table_id(text), definition=definition),)
    change_set = replace(change_set, statements=statements, touched=touched)
    core = replace(core, managed=tuple(map(table_id, tables)), change_sets=(change_set,))
    plan = plan_from_core(core, META)
    assert load_plan(dump_plan(plan), PATH) == plan


HIDING = ["\x1b", "\x7f", "\x9b", "\u202e", "\u200b", "\ufeff", "\ufe0f", "\U000e0041", "\u2028"]


@pytest.mark.invariant("PL-15")
@pytest.mark.parametrize("hiding", HIDING, ids=ascii)
def test_what_hides_is_escaped_in_the_file_and_part_of_the_plan(hiding: str) -> None:
    core = sample_plan().core
    (change_set, *others) = core.change_sets
    statements = (replace(change_set.statements[0], sql=f"a{hiding}b"), *change_set.statements[1:])
    sets = (replace(change_set, statements=statements), *others)
    plan = plan_from_core(replace(core, change_sets=sets), META)
    content = dump_plan(plan)
    assert hiding not in content.decode()
    assert load_plan(content, PATH) == plan
    raw = content.decode().replace(json.dumps(hiding)[1:-1], hiding).encode()
    assert raw != content
    assert refusal(raw) == "plan-malformed"


@pytest.mark.invariant("RV-1")
def test_line_ends_of_a_checkout_change_no_plan() -> None:
    plan = sample_plan()
    assert load_plan(dump_plan(plan).replace(b"\n", b"\r\n"), PATH) == plan
    assert refusal(dump_plan(plan).replace(b"\n", b"\r", 1)) == "plan-malformed"


def test_a_number_that_json_cannot_hold_exactly_is_malformed() -> None:
    content = dump_plan(sample_plan()).replace(b'"normalizer": 1', b'"normalizer": %d' % 2**60)
    assert refusal(content) == "plan-malformed"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"normalizer": 1', b'"normalizer": ' + b"1" * 5000),
        (b'"server": "mysql 9.7"', b'"server": "\\ud800"'),
        (b'"tool_version": "0"', b'"tool_version": "\\udfff"'),
    ],
    ids=["a number without end", "half a character", "half a character that is not hashed"],
)
def test_what_json_can_spell_and_nothing_can_hold_is_malformed(old: bytes, new: bytes) -> None:
    content = dump_plan(sample_plan())
    assert old in content
    assert refusal(content.replace(old, new)) == "plan-malformed"


@pytest.mark.invariant("PL-6")
def test_white_space_and_key_order_of_the_file_are_no_part_of_the_identity() -> None:
    plan = sample_plan()

    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shuffled(value[key]) for key in sorted(value, reverse=True)}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    document = shuffled(json.loads(dump_plan(plan)))
    assert load_plan(json.dumps(document).encode(), PATH) == plan


@pytest.mark.invariant("PL-6")
def test_meta_is_no_part_of_the_identity() -> None:
    plan = sample_plan()
    document = json.loads(dump_plan(plan))
    document["meta"]["created_at"] = "another day"
    assert load_plan(json.dumps(document).encode(), PATH).plan_id == plan.plan_id


@pytest.mark.invariant("GD-11")
@pytest.mark.parametrize("content", [b"", b" \n", b"{}"])
def test_an_empty_file_is_never_a_plan(content: bytes) -> None:
    assert refusal(content) == "plan-empty"


@pytest.mark.parametrize(
    "content",
    [b"[]", b"null", b'"plan"', b"\xff\xfe", b"{" * 100_000, b'{"core": 1, "core": 2}', b"{}x"],
)
def test_what_is_not_a_json_object_is_malformed(content: bytes) -> None:
    assert refusal(content) == "plan-malformed"


def test_a_truncated_plan_is_refused_wherever_it_was_cut() -> None:
    content = dump_plan(sample_plan()).rstrip()
    for end in range(1, len(content), 97):
        assert refusal(content[:end]) == "plan-malformed"


def test_half_a_surrogate_pair_is_malformed() -> None:
    content = dump_plan(sample_plan()).replace(b"ADD COLUMN `c0`", rb"ADD COLUMN `\ud800`")
    assert refusal(content) == "plan-malformed"


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ("1.6", "plan-format-newer"),
        ("2.0", "plan-format-newer"),
        ("0.9", "plan-malformed"),
        ("1", "plan-malformed"),
        ("1.0 ", "plan-malformed"),
        ("1.00", "plan-malformed"),
        (1, "plan-malformed"),
        (None, "plan-malformed"),
    ],
)
def test_another_format_is_told_from_a_damaged_one(found: object, code: str) -> None:
    document = {**json.loads(dump_plan(sample_plan())), "format": found}
    assert refusal(json.dumps(document).encode()) == code


def test_an_earlier_minor_of_the_format_is_read_and_keeps_its_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = dump_plan(sample_plan())
    monkeypatch.setattr("reconciler.plan.codec.PLAN_FORMAT", "1.7")
    assert load_plan(made, PATH) == sample_plan()


@pytest.mark.invariant("PL-14")
def test_what_has_its_default_is_not_written_so_that_a_new_field_moves_no_id() -> None:
    statement = json.loads(dump_plan(sample_plan()))["core"]["change_sets"][0]["statements"][0]
    assert not statement.keys() & {"session", "hazards", "row_ceiling"}


@pytest.mark.invariant("GD-1")
@pytest.mark.invariant("PL-11")
def test_an_edited_statement_no_longer_has_the_plan_id() -> None:
    content = dump_plan(sample_plan()).replace(b"ADD COLUMN `c0` int", b"ADD COLUMN `c0` inT")
    assert refusal(content) == "plan-id-mismatch"


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    here = [path] if path else []
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return here + [deeper for key, item in items for deeper in paths(item, (*path, key))]


def changed(document: Any, path: tuple[Any, ...], change: Any) -> bytes:
    document = json.loads(json.dumps(document))
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    change(holder, path[-1])
    return json.dumps(document).encode()


DOCUMENT = json.loads(dump_plan(with_hazards()))
CORE_PATHS = [path for path in paths(DOCUMENT) if path[0] != "meta"]


@pytest.mark.invariant("PL-7")
@pytest.mark.parametrize("path", CORE_PATHS, ids=lambda path: ".".join(map(str, path)))
def test_nothing_can_be_nulled_removed_or_replaced_unnoticed(path: tuple[Any, ...]) -> None:
    def null(holder: Any, key: Any) -> None:
        holder[key] = 7 if holder[key] is None else None

    def remove(holder: Any, key: Any) -> None:
        del holder[key]

    def exchange(holder: Any, key: Any) -> None:
        holder[key] = {"another": "thing"}

    for change in (null, remove, exchange):
        assert refusal(changed(DOCUMENT, path, change)).startswith("plan-")


@pytest.mark.invariant("PL-7")
@pytest.mark.parametrize("path", CORE_PATHS, ids=lambda path: ".".join(map(str, path)))
def test_unknown_keys_are_refused_at_every_depth(path: tuple[Any, ...]) -> None:
    def add(holder: Any, key: Any) -> None:
        if isinstance(holder, dict):
            holder["surprise"] = 1
        else:
            holder.append({"surprise": 1})

    assert refusal(changed(DOCUMENT, path, add)).startswith("plan-")


@pytest.mark.invariant("PL-1")
def test_no_flag_says_a_second_time_that_a_shard_changes() -> None:
    words = {str(part) for path in paths(DOCUMENT) for part in path}
    assert not words & {"changing", "changed", "has_changes", "is_changing", "needs_apply"}
    core = sample_plan().core
    assert {s for s in core.shards if core.change_set_of(s)} == {"-40", "40-80", "80-c0"}


def test_the_id_is_the_hash_of_the_canonical_core() -> None:
    plan = sample_plan()
    assert plan.plan_id == plan_id_of(plan.core)
    assert len(plan.plan_id) == len("sha256:") + 64
