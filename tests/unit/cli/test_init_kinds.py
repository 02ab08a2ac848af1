"""Which kinds `init` writes into a spec, and which words of it do not go together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from reconciler.cli.init import _managed, init
from reconciler.model.programs import ManagedKind

VIEWS, ROUTINES = ManagedKind.VIEWS, ManagedKind.ROUTINES
TRIGGERS, SEQUENCES = ManagedKind.TRIGGERS, ManagedKind.SEQUENCES
NOTHING: dict[str, Any] = {"kinds": (), "definer": None, "views": False, "views_definer": None}


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ({}, {}),
        ({"views": True}, {VIEWS: None}),
        ({"kinds": ("views",), "views": True, "views_definer": "a@%"}, {VIEWS: "a@%"}),
        ({"kinds": ("sequences", "routines")}, {ROUTINES: None, SEQUENCES: None}),
        (
            {"kinds": ("sequences", "triggers"), "definer": "a@%", "views": True},
            {VIEWS: "a@%", TRIGGERS: "a@%", SEQUENCES: None},
        ),
        (
            {"kinds": ("triggers", "views"), "definer": "a@%", "views_definer": "b@%"},
            {VIEWS: "b@%", TRIGGERS: "a@%"},
        ),
    ],
)
def test_each_kind_has_the_account_that_was_said(
    said: dict[str, Any], kinds: dict[ManagedKind, str | None]
) -> None:
    found = _managed({**NOTHING, **said})
    assert found == kinds
    assert list(found) == [kind for kind in ManagedKind if kind in found]


@pytest.mark.parametrize(
    "said",
    [
        {"views_definer": "a@%"},
        {"definer": "a@%"},
        {"kinds": ("sequences",), "definer": "a@%"},
        {"kinds": ("triggers",)},
        {"kinds": ("triggers",), "views": True, "views_definer": "a@%"},
    ],
)
def test_an_account_without_its_kind_is_told(said: dict[str, Any]) -> None:
    with pytest.raises(click.UsageError):
        _managed({**NOTHING, **said})


def test_kinds_are_said_as_the_spec_has_them(tmp_path: Path) -> None:
    said = ["shop", "-C", str(tmp_path), "--shards", "a", "--manage", "triggers"]
    ended = CliRunner().invoke(init, said)
    assert "--manage triggers goes with --definer" in ended.output
    assert ended.exit_code
