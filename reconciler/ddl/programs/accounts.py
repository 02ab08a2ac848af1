"""Accounts, as a spec names them and as servers print them.

Rule: the account of a live program is an account of somebody's server. It is compared by its digest
and never written anywhere (PL-12); the only account in a statement is the one that the spec names.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from reconciler.ddl.quote import quote_identifier, unquote_identifier

# `user`@`host`, or user@host as a spec has it; MariaDB's roles have no host.
_ACCOUNT = re.compile(r"(`(?:[^`]|``)*`|[^\s@`']+)(?:@(`(?:[^`]|``)*`|[^\s@`']+))?")


@dataclass(frozen=True, slots=True)
class Account:
    user: str
    host: str

    @property
    def sql(self) -> str:
        """As it stands behind `DEFINER=`."""
        user = quote_identifier(self.user)
        return f"{user}@{quote_identifier(self.host)}" if self.host else user

    @property
    def digest(self) -> str:
        content = f"reconciler/account/v1\n{self.user}\0{self.host}".encode()
        return hashlib.sha256(content).hexdigest()

    def __str__(self) -> str:
        return f"{self.user}@{self.host}" if self.host else self.user


def read_account(text: str) -> Account | None:
    """None for what is no account. Hosts fold: the servers compare them so."""
    found = _ACCOUNT.fullmatch(text)
    if found is None or not unquote_identifier(found[1]):
        return None
    host = unquote_identifier(found[2]) if found[2] else ""
    return Account(user=unquote_identifier(found[1]), host=host.lower())
