"""An index that a server may have made for a foreign key is renewed where it would be displaced."""

from __future__ import annotations

import pytest

from reconciler.diff.implicit_indexes import covered_by_foreign_keys, covered_by_indexes
from reconciler.model.schema import ForeignKey, Index, IndexKind, IndexPart

KEY = ForeignKey(name="f", columns=("a",), parent_table="p", parent_columns=("id",))


def index(name: str, *columns: str, kind: IndexKind = IndexKind.PLAIN) -> Index:
    return Index(name=name, kind=kind, parts=tuple(IndexPart(column=c) for c in columns))


@pytest.mark.parametrize(
    ("kept", "keys", "renewed"),
    [
        (index("f", "a"), (KEY,), True),
        (index("k", "a"), (KEY,), True),  # whatever its name: it serves the key
        (index("a", "a"), (), True),  # named as a server names it
        (index("a_2", "a"), (), True),
        (index("FK_old", "a"), (), True),
        (index("k", "a"), (), False),
        (index("f", "b"), (KEY,), False),  # not covered
        (index("f", "a", kind=IndexKind.UNIQUE), (KEY,), False),  # no server makes these
    ],
)
def test_what_a_new_index_covers(kept: Index, keys: tuple[ForeignKey, ...], renewed: bool) -> None:
    new = index("new", "a", "c")
    assert covered_by_indexes([kept], [new], keys) == ((kept,) if renewed else ())


def test_a_prefix_covers_nothing_behind_it() -> None:
    part = IndexPart(column="a", length=3)
    new = Index(name="new", kind=IndexKind.PLAIN, parts=(part, IndexPart(column="b")))
    assert covered_by_indexes([index("f", "a")], [new], (KEY,)) == ()


def test_a_new_foreign_key_brings_an_index_that_displaces_another() -> None:
    new = ForeignKey(name="g", columns=("a",), parent_table="p", parent_columns=("id",))
    kept = index("f", "a")
    assert covered_by_foreign_keys([kept], [new], (KEY,)) == (kept,)


def test_a_foreign_key_that_comes_back_by_its_name_gives_way_to_itself() -> None:
    assert covered_by_foreign_keys([index("f", "a")], [KEY], (KEY,)) == ()
