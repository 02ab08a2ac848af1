"""A view's text: strictly read, written back to the letter, and made into statements and files."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from reconciler.ddl.definition.view_file import read_view_file
from reconciler.ddl.programs.accounts import Account, read_account
from reconciler.ddl.programs.facts import text_of
from reconciler.ddl.programs.view import (
    create_view_sql,
    read_view,
    view_as_shown,
    view_columns,
    view_file_text,
    view_fingerprint,
    view_text,
)
from reconciler.errors import Refused
from reconciler.model.programs import CreatedWith, Security, View

HERE = CreatedWith(character_set_client="utf8mb4", collation_connection="utf8mb4_bin")
VIEW = View(
    name="v",
    algorithm="UNDEFINED",
    security=Security.INVOKER,
    definer=None,
    columns=(),
    query="select `t`.`id` AS `id` from `t`",
    created_with=HERE,
)
ANOTHER: dict[str, Any] = {
    "name": "w",
    "algorithm": "MERGE",
    "security": Security.DEFINER,
    "definer": "another",
    "columns": ("x",),
    "query": "select 1 AS `id`",
    "created_with": replace(HERE, collation_connection="utf8mb4_general_ci"),
}


@pytest.mark.parametrize("name", [field.name for field in fields(View)])
def test_no_field_of_a_view_is_left_out_of_its_fingerprint(name: str) -> None:
    assert view_fingerprint(replace(VIEW, **{name: ANOTHER[name]})) != view_fingerprint(VIEW)


@pytest.mark.parametrize(
    "view",
    [
        VIEW,
        replace(VIEW, columns=("a", "b`c"), algorithm="TEMPTABLE"),
        replace(VIEW, security=Security.DEFINER, definer="another"),
        replace(VIEW, name="v`w", query="select 'ü;' AS `x` from `t` where `t`.`a` = 1"),
    ],
)
def test_what_is_read_is_written_back(view: View) -> None:
    assert read_view(view_text(view), view.name) == view
    assert text_of(view_as_shown(view)) == view_text(view)


@pytest.mark.parametrize(
    "text",
    [
        "",
        view_text(VIEW).replace("`v`", "`w`"),
        view_text(VIEW).replace("-- definer", "-- DEFINER"),
        view_text(VIEW) + "; DROP TABLE t",
        view_text(VIEW).replace("from `t`", "from `e`.`t`"),
        view_text(replace(VIEW, query="select 'ü' AS `x`")).replace("utf8mb4 ", "latin1 "),
        view_text(VIEW).replace("utf8mb4 ", "latin1 ").replace("`v`", "`v` (`ü`)"),
        view_text(replace(VIEW, query="select '\N{REPLACEMENT CHARACTER}' AS `x`")),
        view_text(VIEW).replace("SQL SECURITY", "WITH SOMETHING SQL SECURITY"),
        # As MySQL 9.7 prints one.
        view_text(VIEW).replace("VIEW `v`", "JSON RELATIONAL DUALITY VIEW `v`"),
    ],
)
def test_any_other_form_is_refused_by_name(text: str) -> None:
    with pytest.raises(Refused, match="view v"):
        read_view(text, "v")


def test_the_definers_account_is_the_specs() -> None:
    account = Account(user="app", host="%")
    view = replace(VIEW, security=Security.DEFINER, definer=account.digest)
    assert create_view_sql(view, account, replaces=True) == (
        "CREATE OR REPLACE ALGORITHM=UNDEFINED DEFINER=`app`@`%` SQL SECURITY DEFINER VIEW `v` AS"
        " select `t`.`id` AS `id` from `t`"
    )


@pytest.mark.parametrize("usual", [HERE, None])
def test_a_file_says_what_the_view_is(usual: CreatedWith | None) -> None:
    view = replace(VIEW, columns=("x",), algorithm="MERGE")
    file = read_view_file(view_file_text(view, usual), "views/v.sql")
    assert (file.name, file.security) == ("v", Security.INVOKER)
    assert file.statement.startswith("CREATE ALGORITHM=MERGE")
    assert file.created_with == (None if usual else HERE)
    assert file.rest.startswith("`v` (`x`) AS")


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("select `t`.`id` AS `id`,(select max(`u`.`n`) AS `m` from `u`) AS `n` from `t`", "id n"),
        ("with `x` as (select 1 AS `a`) select `x`.`a` AS `b` from `x`", "b"),
        ("select 1 AS `a` union select 2 AS `c`", "a"),
        ("(select 1 AS `a`) union (select 2 AS `c`)", "a"),
        (
            "values row(1,(select 2 AS `q`),'a,(b') union select 1 AS `a`",
            "column_0 column_1 column_2",
        ),
        ("with x as (select 1 AS `a`)values (1,'a,(b',f(2,3)),(4,'c',5)", "1 a,(b f(2,3)"),
    ],
)
def test_the_columns_of_a_view_are_those_that_are_selected(query: str, columns: str) -> None:
    assert view_columns(replace(VIEW, query=query)) == tuple(columns.split())
    assert view_columns(replace(VIEW, query=query, columns=("z",))) == ("z",)


def test_accounts_are_read_as_specs_and_servers_write_them() -> None:
    assert read_account("app@%") == read_account("`app`@`%`") == Account(user="app", host="%")
    assert read_account("role") == Account(user="role", host="")
    assert read_account("app@DB1") == read_account("app@db1")
    assert read_account("") is None
    assert read_account("two words") is None
