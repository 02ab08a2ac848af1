"""DELIMITER lines, which are the client's and never reach a server: dropped, so that a file reads
alike with and without them."""

from __future__ import annotations

import re

_LINE = re.compile(r"[ \t]*DELIMITER[ \t]+(\S+)[ \t]*", re.IGNORECASE)


def without_delimiters(text: str) -> str:
    """Every line stays where it was; a delimiter other than `;` becomes blanks where a line ends in
    it."""
    lines = text.split("\n")
    delimiter = ";"
    for number, line in enumerate(lines):
        told = _LINE.fullmatch(line)
        if told is not None:
            delimiter, lines[number] = told[1], ""
        elif delimiter != ";" and line.rstrip().endswith(delimiter):
            lines[number] = line.rstrip().removesuffix(delimiter)
    return "\n".join(lines)
