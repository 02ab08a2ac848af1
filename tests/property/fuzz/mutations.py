"""Sound bytes made hostile by a few edits; the same edits from hypothesis and from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from hypothesis import strategies as st

from tests.property.fuzz.reader import Reader

BYTES_MAX = 200_000
SUITE_BYTES_MAX = 8_000

# What every format of text is afraid of.
USUAL_WORDS = (
    *(b"", b"\0", b"\n", b"\r", b"\r\n", b"\t", b"\x1b[2J", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf"),
    *("\u202e".encode(), "\u200b".encode(), "\u2028".encode(), "\x85".encode(), "\x9b".encode()),
    *("\ud800".encode(errors="surrogatepass"), "\U000e0001".encode(), "é".encode()),
    *(b"'", b'"', b"`", b"\\", b"/", b"..", b"../", b"-", b"--", b"/*", b"*/", b"#", b"%s", b"{}"),
    *(b"[", b"]", b"{", b"}", b"(", b")", b",", b":", b";", b"=", b"*", b"&", b"!", b"|", b">"),
    *(b"0", b"-1", b"1e999", b"NaN", b"1" * 5_000, b"9223372036854775808", b"null", b"true"),
    *(b"${HOME}", b"${", b"{shard}", b"a" * 70, b"a" * 5_000, b"0x", b"\\ud800", b"\\u0000"),
)


class EditKind(StrEnum):
    CUT = "cut"
    PUT = "put"
    REPLACE = "replace"
    REPEAT = "repeat"
    MOVE = "move"
    END = "end"


@dataclass(frozen=True, slots=True)
class Edit:
    """`at`, `length` and `other` are shares of the text, from 0 to 1."""

    kind: EditKind
    at: float
    length: float
    other: float
    word: bytes
    times: int


def edited(content: bytes, edits: list[Edit], bytes_max: int = BYTES_MAX) -> bytes:
    for edit in edits:
        content = _edited(content, edit)[:bytes_max]
    return content


def _edited(content: bytes, edit: Edit) -> bytes:
    start = int(edit.at * len(content))
    end = min(len(content), start + 1 + int(edit.length * edit.length * 64))
    match edit.kind:
        case EditKind.CUT:
            return content[:start] + content[end:]
        case EditKind.PUT:
            return content[:start] + edit.word * edit.times + content[start:]
        case EditKind.REPLACE:
            return content[:start] + edit.word + content[end:]
        case EditKind.REPEAT:
            return content[:start] + content[start:end] * edit.times + content[end:]
        case EditKind.MOVE:
            to = int(edit.other * len(content))
            return content[:to] + content[start:end] + content[to:]
        case EditKind.END:
            return content[:start]


def hostile(reader: Reader) -> st.SearchStrategy[bytes]:
    share = st.floats(0, 1, exclude_max=True)
    edit = st.builds(
        Edit,
        st.sampled_from(EditKind),
        share,
        share,
        share,
        st.sampled_from((*reader.words, *USUAL_WORDS)) | st.binary(max_size=8),
        st.sampled_from((1, 1, 1, 2, 3, 40, 2_000)),
    )
    made = st.builds(
        edited, st.sampled_from(reader.seeds), st.lists(edit, max_size=6), st.just(SUITE_BYTES_MAX)
    )
    return made | st.binary(max_size=200)


def hostile_from(reader: Reader, chance: random.Random) -> bytes:
    words = (*reader.words, *USUAL_WORDS)
    edits = [
        Edit(
            chance.choice(list(EditKind)),
            chance.random(),
            chance.random(),
            chance.random(),
            chance.choice(words)
            if chance.random() < 0.9
            else chance.randbytes(chance.randint(0, 8)),
            chance.choice((1, 1, 1, 2, 3, 40, 2_000)),
        )
        for _ in range(chance.randint(0, 8))
    ]
    return edited(chance.choice(reader.seeds), edits)
