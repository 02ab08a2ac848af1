"""Where Temporal is, and as whom it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalPlace:
    """`address` is HOST:PORT. Certificates are the texts of PEM files; without `ca` those are
    trusted that the machine trusts. `namespace` is where orders are kept, and whose rights count.
    `api_key` gives the key as it is now, or raises Unavailable; None: there is none.
    """

    address: str
    namespace: str
    ca: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = field(default=None, repr=False)
    api_key: Callable[[], str] | None = field(default=None, repr=False)
