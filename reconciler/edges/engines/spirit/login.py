"""The file that tells Spirit where to connect and as whom: an argument is read by every user of the
machine.

Rules: never weaker TLS than the product's own connections have (CN-1); what the file or Spirit's
driver would read as something else is refused before (`guard/engine_ground.py`), not guessed at.
"""

from __future__ import annotations

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.engine_ground import authorities, is_verified


def login_file(target: Target, database: str) -> str:
    """The content of the file, for a login that `guard/engine_ground.py` found fit."""
    values = {
        "host": f"{_host(target.host)}:{target.port}",
        "user": target.user,
        "password": target.password,
        "database": database,
        **_tls(target),
    }
    # In backquotes its reader takes everything as it is, up to the last one of the line.
    return "[client]\n" + "".join(f"{name} = `{value}`\n" for name, value in values.items())


def _tls(target: Target) -> dict[str, str]:
    """Named in any case: without a file Spirit trusts the authority of one hosting company."""
    if not is_verified(target):
        return {"tls-mode": "PREFERRED"}
    named = authorities(target)
    assert named is not None, "a login without authorities is not prepared"
    return {"tls-mode": "VERIFY_IDENTITY", "tls-ca": str(named)}


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
