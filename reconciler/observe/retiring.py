"""Where shards are being replaced, the spec alone does not tell which of them serve.

Their successors may be empty, half full or in service: nothing is compared with git on such ground
(SP-4).
"""

from __future__ import annotations

from reconciler.errors import Problem, Refused
from reconciler.model.fleet import in_key_order
from reconciler.spec.model import Environment


def check_settled(environment: Environment) -> None:
    """Raises Refused (`shards-retiring`) while the environment has shards that retire."""
    if not environment.retiring:
        return
    names = in_key_order(tuple(shard.name for shard in environment.retiring))
    raise Refused(
        Problem(
            code="shards-retiring",
            message=f"environment {environment.name}: {', '.join(names)} retire, and whether the"
            " shards that replace them serve already, the spec does not tell",
            recovery="change the schema in a change of its own, before shards are replaced, or once"
            " those that replace them serve (`reconciler status`)",
        )
    )
