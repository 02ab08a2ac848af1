"""In which order keyspaces are changed, as their specs say it, and what no order can keep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import InvalidInput, ReconcilerError
from reconciler.spec.keyspace_order import in_order, order_faults
from reconciler.spec.load import DesiredFiles, load_repository
from tests.unit.spec.test_load import keyspace, tree

NAMES = "abcdef"


def repository(**after: str) -> dict[str, str]:
    files: dict[str, str] = {}
    for name, said in after.items():
        files |= keyspace(name)
        files[f"specs/{name}.yaml"] += f"after: {said}\n" if said else ""
    return files


def problems(files: dict[str, str]) -> dict[str, list[str]]:
    found = load_repository(tree(files))
    return {
        name: [f"{each.code} {each.where and each.where.line}" for each in error.problems]
        for name, error in found.items()
        if isinstance(error, ReconcilerError)
    }


@pytest.mark.invariant("RG-73")
def test_an_order_that_can_be_kept_is_read() -> None:
    files = repository(a="[c]", b="", c="[b]")
    assert problems(files) == {}
    found = load_repository(tree(files))["a"]
    assert isinstance(found, DesiredFiles)
    assert found.spec.after == ("c",)


@pytest.mark.invariant("RG-73")
def test_unknown_names_and_circles_are_refused_where_they_stand() -> None:
    assert problems(repository(a="[z, c]", b="[a]", c="")) == {"a": ["spec-after 6"]}
    assert problems(repository(a="[a]", b="")) == {"a": ["spec-after 6"]}
    circle = problems(repository(a="[b]", b="[c]", c="[a]", d="[a]"))
    assert circle == {name: ["spec-after 6"] for name in "abc"}


def test_a_keyspace_that_cannot_be_read_is_one_all_the_same() -> None:
    files = repository(a="[b]", b="")
    files["specs/b.yaml"] += "unknown: 1\n"
    assert list(problems(files)) == ["b"]


def test_what_is_no_list_of_names_is_refused() -> None:
    for said in ("b", "[]", "[1]", "['b c']"):
        found = load_repository(tree(repository(a=said, b="")))["a"]
        assert isinstance(found, InvalidInput)


@pytest.mark.invariant("RG-73")
def test_each_is_behind_those_it_comes_after_over_others_too() -> None:
    assert in_order("abc", {}) == ["a", "b", "c"]
    assert in_order("abc", {"a": ("c",)}) == ["b", "c", "a"]
    assert in_order("ac", {"a": ("b",), "b": ("c",)}) == ["c", "a"]


@given(
    st.permutations(NAMES),
    st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))),
    st.sets(st.sampled_from(NAMES)),
)
@pytest.mark.invariant("RG-73")
def test_every_order_without_a_circle_is_kept_and_every_circle_found(
    ranks: list[str], pairs: set[tuple[str, str]], asked: set[str]
) -> None:
    def after(kept: set[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
        return {name: tuple(sorted(b for a, b in kept if a == name)) for name in NAMES}

    forward = {(a, b) for a, b in pairs if ranks.index(b) < ranks.index(a)}
    assert list(order_faults(after(forward), NAMES)) == []
    ordered = in_order(asked, after(forward))
    assert sorted(ordered) == sorted(asked)
    for a, b in forward:
        if a in asked and b in asked:
            assert ordered.index(b) < ordered.index(a)
    assert sorted(in_order(asked, after(pairs))) == sorted(asked)
    for a, b in forward:
        faults = order_faults(after(forward | {(b, a)}), NAMES)
        assert {a, b} <= {fault.keyspace for fault in faults}


@pytest.mark.invariant("RG-96")
def test_specs_that_list_deployments_in_orders_that_lead_back_are_refused_by_name() -> None:
    def spec(keyspace: str, *names: str) -> str:
        listed = "".join(
            f"      - {{name: {name}, connection: {{host: {keyspace}-{name}}}}}\n" for name in names
        )
        return (
            f"version: 1\nkeyspace: {keyspace}\nschema: schemas/{keyspace}\nenvironments:\n"
            "  production:\n    connection: {host: none, database: d, user: u}\n"
            f"    shards: {{count: 1}}\n    deployments:\n{listed}"
        )

    def faults(**lists: str) -> dict[str, list[str]]:
        files: dict[str, str] = {}
        for name, order in lists.items():
            files |= keyspace(name)
            files[f"specs/{name}.yaml"] = spec(name, *order.split())
        found = load_repository(tree(files))
        return {
            name: [str(problem) for problem in one.problems]
            for name, one in found.items()
            if isinstance(one, ReconcilerError)
        }

    assert faults(mail="primary dr", shop="primary dr tenant", zoo="dr tenant") == {}
    opposite = faults(mail="primary dr", shop="dr primary", zoo="primary tenant")
    assert set(opposite) == {"mail", "shop"}
    (problem,) = opposite["mail"]
    assert "production.dr comes after production.primary here, and before it by" in problem
    assert "specs/shop.yaml" in problem
    circle = faults(a="x y", b="y z", c="z x", d="x")
    assert set(circle) == {"a", "b", "c"}
