"""The keys by which regions, and whoever plans from what they saw, know each other's files.

One key for all, or one for each region: whoever has a region's own key can make files of that
region and of no other (RG-26).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.errors import InvalidInput, Problem
from reconciler.model.fleet import region_word
from reconciler.observe.file.limits import OBSERVATION_KEY_CHARS_MIN

KEY_VARIABLE = "RECONCILER_OBSERVATION_KEY"


def key_variable(region: str) -> str:
    """Where whoever plans has the key of one region alone."""
    return f"{KEY_VARIABLE}_{region_word(region)}"


def keys_of(environ: Mapping[str, str], regions: Iterable[str]) -> dict[str, bytes | None]:
    """By region, its own key, or the one for all. Raises InvalidInput for a key that could be
    guessed, and where one region has a key and another has none: its files would be believed
    unsigned (GD-10)."""
    common = key_from(environ.get(KEY_VARIABLE))
    keys = {name: key_from(environ.get(key_variable(name)), key_variable(name)) for name in regions}
    found = {name: common if key is None else key for name, key in keys.items()}
    without = [name for name, key in found.items() if key is None]
    if without and len(without) < len(found):
        raise InvalidInput(_missing(without[0]))
    return found


def key_from(text: str | None, variable: str = KEY_VARIABLE) -> bytes | None:
    """None where there is none. Raises InvalidInput for one that could be guessed: empty is not
    absent, for a job whose secret was not handed over would trust every file (GD-10)."""
    if text is None:
        return None
    if len(text) < OBSERVATION_KEY_CHARS_MIN:
        raise InvalidInput(
            Problem(
                code="observation-key-short",
                message=f"{variable} has fewer than {OBSERVATION_KEY_CHARS_MIN} characters",
                recovery="make one of 32 random bytes (`openssl rand -hex 32`) and give it to every"
                " region's job and the one that plans, or to none of them",
            )
        )
    return text.encode()


def _missing(region: str) -> Problem:
    return Problem(
        code="observation-key-missing",
        message=f"other regions have a key for their observations, and region {region} has none:"
        f" neither {key_variable(region)} nor {KEY_VARIABLE} is set",
        recovery=f"give the job of region {region} a key as {KEY_VARIABLE}, and the same to this"
        f" one as {key_variable(region)}",
    )
