"""Where Temporal is, and as whom it is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalPlace:
    """`address` is HOST:PORT. Certificates are the texts of PEM files; without `ca` those are
    trusted that the machine trusts. `namespace` is where orders are kept, and whose rights count.
    """

    address: str
    namespace: str
    ca: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None
