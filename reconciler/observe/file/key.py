"""The key by which regions, and whoever plans from what they saw, know each other's files."""

from __future__ import annotations

from reconciler.errors import InvalidInput, Problem
from reconciler.observe.file.limits import OBSERVATION_KEY_CHARS_MIN

KEY_VARIABLE = "RECONCILER_OBSERVATION_KEY"


def key_from(text: str | None) -> bytes | None:
    """None where there is none. Raises InvalidInput for one that could be guessed: empty is not
    absent, for a job whose secret was not handed over would trust every file (GD-10)."""
    if text is None:
        return None
    if len(text) < OBSERVATION_KEY_CHARS_MIN:
        raise InvalidInput(
            Problem(
                code="observation-key-short",
                message=f"{KEY_VARIABLE} has fewer than {OBSERVATION_KEY_CHARS_MIN} characters",
                recovery="make one of 32 random bytes (`openssl rand -hex 32`) and give it to every"
                " region's job and the one that plans, or to none of them",
            )
        )
    return text.encode()
