"""One server to connect to, with everything filled in.

Rule: a target never shows itself: it is where secrets are values.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.edges.client.tls import TlsSetting, is_local


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Target:
    """Where to connect, as whom, and how long to wait. `label` is what messages call it.

    `named_by_a_server`: the address is not the spec's but what a server told; such a one is not
    given the password itself.
    """

    label: str
    host: str
    port: int
    socket: str | None
    database: str | None
    user: str
    password: str
    tls: TlsSetting
    connect_timeout_s: int
    read_timeout_s: int
    named_by_a_server: bool = False

    def __repr__(self) -> str:
        return f"Target({self.label})"

    @property
    def address(self) -> tuple[str, int, str]:
        return (self.host, self.port, self.socket or "")

    @property
    def endpoint(self) -> tuple[str, int, str, str]:
        """Equal for the shards that one connection could serve."""
        return (*self.address, self.user)

    @property
    def is_local(self) -> bool:
        return is_local(self.host, self.socket)
