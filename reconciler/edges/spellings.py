"""How else a value may be spelled in a text: with the escapes of JSON, SQL, HTML, Markdown and
addresses, wrapped by a terminal, or in base64 and hexadecimal.

What is no spelling of the value but another text made from it, such as its letters backwards, is
not found: who holds a secret can always tell it.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from reconciler.edges.limits import SECRET_CHARS_MIN

# Between two characters: what Markdown and log writers put there that is not seen.
_UNSEEN = "[\u200b\u2060]?"
# Of a base64 text, by bytes before the value (behind it, by bytes that are left of three): how many
# characters are not the value's alone.
_NOT_ALONE_BEFORE = (0, 2, 3)
_NOT_ALONE_BEHIND = (0, 3, 2)


@dataclass(frozen=True, slots=True, repr=False)
class Spellings:
    """Of one value. `word` is a part of it that all escapes leave as it is: a text without that has
    no escaped form, which is found out in no time. ASCII letters are found in either case."""

    word: str
    escaped: re.Pattern[str]
    encoded: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        return any(form in text for form in self.encoded) or (
            self.word in text.lower() and self.escaped.search(text) is not None
        )

    def replaced(self, text: str, mark: str) -> str:
        if self.word in text.lower():
            text = self.escaped.sub(lambda _: mark, text)
        for form in self.encoded:
            text = text.replace(form, mark)
        return text


def spellings_of(value: str) -> Spellings:
    """Of a value that may be a part of any word, those that stand alone."""
    is_short = len(value) < SECRET_CHARS_MIN
    escaped = _UNSEEN.join(map(_character, value))
    if is_short:
        escaped = f"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"
    return Spellings(
        word=max(re.findall(r"[A-Za-z0-9]+", value), key=len, default="").lower(),
        escaped=re.compile(escaped, re.IGNORECASE),
        encoded=() if is_short else (*_hexadecimal(value), *_base64(value)),
    )


def _character(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    code = ord(character)
    bytes_of = character.encode(errors="surrogatepass")
    forms = [
        re.escape(character),
        f"&#0*{code};",
        f"&#x0*{code:x};",
        "".join(rf"%{byte:02x}" for byte in bytes_of),
        rf"\\+u0*{code:x}" if code <= 0xFFFF else rf"\\+U0*{code:x}",
        rf"\\+x{code:02x}" if code <= 0xFF else "".join(rf"\\+x{byte:02x}" for byte in bytes_of),
        *_SPECIAL.get(character, ()),
    ]
    return f"(?:{'|'.join(forms)})"


_SPECIAL = {
    "&": ("&amp;",),
    "<": ("&lt;",),
    ">": ("&gt;",),
    '"': ("&quot;", r'\\+"', '""'),
    "'": ("&apos;", r"\\+'", "''"),
    "`": ("``",),
    "\\": (r"\\{2,4}",),
    "/": (r"\\+/",),
    " ": (r"\+", r"\s+"),
    **{sign: (rf"\\+{re.escape(sign)}",) for sign in "*_[]()#+-.!|{}~$:@%="},
}


def _hexadecimal(value: str) -> tuple[str, str]:
    digits = value.encode(errors="surrogatepass").hex()
    return digits, digits.upper()


def _base64(value: str) -> list[str]:
    """Wherever in a longer text the value begins, and in both alphabets."""
    data = value.encode(errors="surrogatepass")
    found = []
    for before in range(3):
        text = base64.b64encode(b"\0" * before + data).decode()
        end = len(text) - _NOT_ALONE_BEHIND[(before + len(data)) % 3]
        own = text[_NOT_ALONE_BEFORE[before] : end]
        found += sorted({own, own.replace("+", "-").replace("/", "_")})
    return found
