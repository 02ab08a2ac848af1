"""What this process must not say: the passwords and tokens it was given, and where its servers are.

Rule: a value is known here before it goes to a server (`edges/client/opening.py`,
`edges/github/transport.py`), and every text that leaves the process goes through `redacted` at the
place where it leaves: the streams and files of `cli/streams.py`, requests to an API
(`edges/http.py`), messages to a chat, the ledger's sentences. A file for review or for git is not
changed but refused (PL-16).

One for the process: what leaves does so over what a process has one of, and nobody who writes a
line can know which connection a text has come from.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

from reconciler.edges.limits import RENEWED_TOKENS_KEPT, SECRET_CHARS_MIN
from reconciler.edges.spellings import Spellings, spellings_of
from reconciler.errors import Problem, Refused
from reconciler.spec.secrets import NOT_SHOWN

ADDRESS = "<address>"

# What proxies and clusters say of machines that no spec names: 10.0.0.7, 10.0.0.7:3306,
# [fd00::7]:3306, vttablet-7.internal:15999, /run/mysqld/mysqld.sock.
_ANY_ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?![\w.]*\d)"
    r"|\[[0-9A-Fa-f:.%]{2,}\](?::\d{1,5})?"
    r"|(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){4,7}[0-9A-Fa-f]{1,4}(?![\w:])"
    r"|(?<![\w:])(?:(?:[0-9A-Fa-f]{1,4}:){1,7}|:)(?::[0-9A-Fa-f]{1,4}){1,7}(?![\w:])"
    r"|(?<![\w.-])[A-Za-z][\w-]*(?:\.[\w-]+)+:\d{2,5}\b"
    r"|(?<![\w/.-])/[\w/.+-]+\.sock\b"
)


class Secrets:
    """Safe to use from several threads. Never shows itself."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._values: dict[str, Spellings] = {}
        self._everywhere: tuple[Spellings, ...] = ()
        self._addresses: dict[str, re.Pattern[str]] = {}
        self._renewed: dict[str, dict[str, None]] = {}  # the last one last

    def add(self, value: str, *, public: Iterable[str] = ()) -> None:
        """A password or a token. `public` are words that are no secret whoever uses them as one,
        such as the name of the account: they, and values too short to be told from a word, are
        taken out of what servers say and nowhere else."""
        with self._guard:
            if not value or value in self._values:
                return
            self._values[value] = spellings = spellings_of(value)
            if len(value) >= SECRET_CHARS_MIN and value not in {*public, "reconciler"}:
                self._everywhere = (*self._everywhere, spellings)

    def renew(self, value: str, *, of: str) -> None:
        """A token in the place of earlier ones, which may be on their way yet. Those before the
        last few have expired, and a process that gets one each hour, for months, would look for all
        of them in each line."""
        with self._guard:
            kept = self._renewed.setdefault(of, {})
            if not value or (value not in kept and value in self._values):
                return  # known as something that does not expire
            kept[value] = kept.pop(value, None)
            gone = [*kept][:-RENEWED_TOKENS_KEPT]
            for old in gone:
                del kept[old]
                expired = self._values.pop(old)
                self._everywhere = tuple(one for one in self._everywhere if one is not expired)
        self.add(value)

    def add_address(self, place: str) -> None:
        """The name or number of a host, or the path of a socket."""
        with self._guard:
            if place and place not in self._addresses:
                written = rf"(?<![\w.-]){re.escape(place)}(?::\d{{1,5}})?(?![\w-])"
                self._addresses[place] = re.compile(written, re.IGNORECASE)

    def redacted(self, text: str) -> str:
        """Text that leaves, without secrets."""
        for secret in self._everywhere:
            text = secret.replaced(text, NOT_SHOWN)
        return text

    def of_a_server(self, text: str) -> str:
        """What a server says, as far as anybody may read it: also without addresses, and without
        what is too short, or too much of a word, to be looked for everywhere."""
        with self._guard:
            secrets, addresses = [*self._values.values()], [*self._addresses.values()]
        for secret in secrets:
            text = secret.replaced(text, NOT_SHOWN)
        for address in addresses:
            text = address.sub(ADDRESS, text)
        return _ANY_ADDRESS.sub(ADDRESS, text)

    def check_file(self, path: str, content: bytes) -> None:
        """A file that people will commit. Raises Refused if it holds a secret; changed, it would
        not say any more what it is there to say."""
        text = content.decode(errors="replace")
        if any(secret.are_in(text) for secret in self._everywhere):
            raise Refused(_secret_in_file(path))


SECRETS = Secrets()


def _secret_in_file(path: str) -> Problem:
    return Problem(
        code="secret-in-file",
        message=f"{path} was not written: it would hold a password or a token of this run, which a"
        " server has put into its schema, or which is a word of the schema",
        recovery="look for it in the shards' tables (comments, defaults, names) and take it out, or"
        " give the login another password; then run the same command again",
    )
