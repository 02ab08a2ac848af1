"""Databases of other owners in SQL: only where a foreign key leads to them."""

from __future__ import annotations

import pytest

from reconciler.ddl.cross_database import cross_database_references, with_outside_databases


@pytest.mark.parametrize(
    ("sql", "renamed"),
    [
        ("FOREIGN KEY (a) REFERENCES p (id)", None),
        ("FOREIGN KEY (a) REFERENCES d.p (id)", "FOREIGN KEY (a) REFERENCES `new d`.p (id)"),
        ("a int references `d` . `p`(id)", "a int references `new d` . `p`(id)"),
        (
            "REFERENCES `d`.p (i), REFERENCES x.p (i)",
            "REFERENCES `new d`.p (i), REFERENCES `new x`.p (i)",
        ),
        ("REFERENCES `d``e`.p (i)", "REFERENCES `new d``e`.p (i)"),
        ("a int COMMENT 'see REFERENCES d.p (id)' -- REFERENCES d.p", None),
        ("CHECK (`references` . `d`.p > 0)", None),
        ("a int DEFAULT (d.p)", None),
    ],
)
def test_only_the_databases_of_parents_are_renamed(sql: str, renamed: str | None) -> None:
    assert with_outside_databases(sql, lambda name: f"new {name}") == (renamed or sql)
    assert bool(cross_database_references(sql)) == (renamed is not None)
