"""A sequence of the table's own database goes by its bare name, and nothing else changes."""

from __future__ import annotations

import pytest

from reconciler.ddl.sequences import uses_sequence, with_own_sequences_bare


@pytest.mark.parametrize(
    ("default", "bare"),
    [
        ("nextval(`d`.`s`)", "nextval(`s`)"),
        ("(nextval(`d`.`s`) + lastval(`d`.`t`))", "(nextval(`s`) + lastval(`t`))"),
        ("nextval(`other`.`d`)", None),
        ("nextval(`s`)", None),
        ("concat('nextval(`d`.`s`)')", None),
    ],
)
def test_only_the_own_database_goes(default: str, bare: str | None) -> None:
    assert with_own_sequences_bare(f"`a` int DEFAULT {default},", ("d",)) == (
        f"`a` int DEFAULT {bare or default},"
    )


def test_a_name_in_small_letters_is_the_own_one_where_the_server_folds_names() -> None:
    definition = "`a` int DEFAULT nextval(`shop`.`s`),"
    assert with_own_sequences_bare(definition, ("SHOP",)) == definition
    assert with_own_sequences_bare(definition, ("SHOP", "shop")) == "`a` int DEFAULT nextval(`s`),"


def test_a_file_may_say_it_in_words() -> None:
    assert uses_sequence("a int default (next value for s)")
    assert not uses_sequence("a int default (1)")
