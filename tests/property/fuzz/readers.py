"""All readers of foreign bytes, in the order of their names."""

from __future__ import annotations

from tests.property.fuzz import repository_files

READERS = tuple(sorted((*repository_files.READERS,), key=lambda reader: reader.name))
