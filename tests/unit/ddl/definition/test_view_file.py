"""Files of views: read with and without DELIMITER, by head and by annotation."""

from __future__ import annotations

import pytest

from reconciler.ddl.definition.view_file import read_view_file
from reconciler.errors import InvalidInput
from reconciler.model.programs import CreatedWith, Security


@pytest.mark.parametrize(
    "text",
    [
        "CREATE VIEW v AS SELECT 1 AS one",
        "-- a view\nCREATE OR REPLACE VIEW `v` AS SELECT 1 AS one;\n-- the end\n",
        "DELIMITER //\nCREATE VIEW v AS SELECT 1 AS one//\nDELIMITER ;\n",
        "delimiter $$\nCREATE ALGORITHM = undefined\nVIEW v AS SELECT 1 AS one$$",
    ],
)
def test_forms_of_one_view_read_alike(text: str) -> None:
    file = read_view_file(text, "views/v.sql")
    assert (file.name, file.security) == ("v", Security.DEFINER)
    assert " ".join(file.statement.replace("`", "").split()) == (
        "CREATE ALGORITHM=UNDEFINED SQL SECURITY INVOKER VIEW v AS SELECT 1 AS one"
    )


def test_the_lines_of_a_file_stay_where_they_are() -> None:
    text = "DELIMITER //\n-- why\nCREATE VIEW\nv AS SELECT 1//\n"
    file = read_view_file(text, "views/v.sql")
    assert (file.first_line, file.rest_line) == (3, 4)


def test_what_a_server_keeps_of_a_views_making_stands_in_a_comment() -> None:
    said = (
        "-- reconciler: created with character_set_client=latin1 collation_connection=latin1_bin\n"
    )
    file = read_view_file(f"{said}CREATE VIEW v AS SELECT 1;", "views/v.sql")
    assert file.created_with == CreatedWith(
        character_set_client="latin1", collation_connection="latin1_bin"
    )
    for beyond in ("CREATE VIEW `vü` AS SELECT 1;", "CREATE VIEW v AS SELECT 'ü' AS x;"):
        with pytest.raises(InvalidInput, match="beyond ASCII"):
            read_view_file(said + beyond, "views/v.sql")
    with pytest.raises(InvalidInput, match="annotation"):
        read_view_file("-- reconciler: rename view a to b\nCREATE VIEW v AS SELECT 1;", "v.sql")
    for vain in ("sql_mode=''", "time_zone=SYSTEM"):
        with pytest.raises(InvalidInput, match=f"no {vain.partition('=')[0]} of a view"):
            read_view_file(f"{said.strip()} {vain}\nCREATE VIEW v AS SELECT 1;", "v.sql")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\nCREATE VIEW v AS SELECT 1;\nSELECT 2;", 3),
        ("CREATE\nTABLE v (id int);", 2),
        ("CREATE VIEW IF NOT EXISTS v AS SELECT 1;", 1),
        ("CREATE SQL SECURITY NOBODY VIEW v AS SELECT 1;", 1),
        ("CREATE OR VIEW v AS SELECT 1;", 1),
        ("CREATE ALGORITHM=QUICK VIEW v AS SELECT 1;", 1),
        ("CREATE VIEW `" + "v" * 65 + "` AS SELECT 1;", 1),
        ("CREATE VIEW select AS SELECT 1;", 1),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_view_file(text, "views/v.sql")
    place = refused.value.problems[0].where
    assert place is not None
    assert (place.path, place.line) == ("views/v.sql", line)
