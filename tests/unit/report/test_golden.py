"""What people see is what was read and committed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.write import HERE, golden_files

FILES = golden_files()
NOT_WRITTEN = {".py", ".pyc"}


@pytest.mark.parametrize("path", sorted(FILES), ids=lambda path: path.name)
def test_golden(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == FILES[path](), (
        "run `python -m tests.golden.write` and read what changed"
    )


def test_no_golden_is_left_over() -> None:
    found = {path for path in HERE.iterdir() if path.is_file() and path.suffix not in NOT_WRITTEN}
    assert found <= FILES.keys()
