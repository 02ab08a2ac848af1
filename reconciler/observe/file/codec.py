"""Observations to bytes and back.

Two lines of JSON: a seal, and what it seals to the byte, so that nothing is parsed before it is
known to be whole, and, where a key is at hand, to come from somebody who has it (RG-11). A file
holds definitions and what servers tell of themselves: no host, no account, no row (RG-10).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from reconciler.ddl.programs.facts import ANOTHER_DEFINER
from reconciler.ddl.read import without_login
from reconciler.ddl.scan import defined_table
from reconciler.errors import Location, Problem, Refused
from reconciler.limits import PROBLEM_CHARS_MAX
from reconciler.model.access import ShardAccess
from reconciler.model.observation import ObservedShard
from reconciler.observe.file.checks import check_shard
from reconciler.observe.file.limits import OBSERVATION_VALUES_MAX
from reconciler.observe.file.model import OBSERVATION_FORMAT, RegionObservation
from reconciler.plan.visible import visible_line
from reconciler.strict_json import JsonUnreadable, read_json
from reconciler.strict_values import Mismatch, StrictValues

_VALUES = StrictValues("an observation", {})
_SEAL = frozenset({"format", "sha256", "hmac"})
_BODY = frozenset({"observation", "texts", "definitions"})
_OBSERVE_AGAIN = "look again with `reconciler observe` in that region, and plan from what it writes"


def dump_observation(
    observation: RegionObservation, key: bytes | None, definers: Collection[str] = ()
) -> bytes:
    """Signed if there is a key. `definers` are the accounts that the spec names, by digest: of a
    program it is told whether it has one of them, and nothing of any other."""
    texts: dict[str, int] = {}
    definitions = [
        [[table, texts.setdefault(told, len(texts))] for table, told in _told(shard)]
        for shard in observation.shards
    ]
    shards = tuple(without_accounts(shard, definers) for shard in observation.shards)
    body = {
        "observation": _VALUES.to_json(replace(observation, shards=shards)),
        "definitions": definitions,
        "texts": list(texts),
    }
    sealed = json.dumps(body, separators=(",", ":")).encode()
    seal = {
        "format": OBSERVATION_FORMAT,
        "sha256": hashlib.sha256(sealed).hexdigest(),
        "hmac": _signature(sealed, key) if key else "",
    }
    return json.dumps(seal).encode() + b"\n" + sealed + b"\n"


def load_observation(content: bytes, path: str, key: bytes | None) -> RegionObservation:
    """Raises Refused for a file that is not whole or not of this format, and, where a key is at
    hand or the file is signed, for one that is not signed with this key."""
    sealed = _opened(content, path, key)
    try:
        body = read_json(sealed, values_max=OBSERVATION_VALUES_MAX)
        if not isinstance(body, dict) or body.keys() != _BODY:
            raise Mismatch("the file", "does not hold an observation")
        observation = _VALUES.from_json(body["observation"], RegionObservation, "observation")
        for shard in observation.shards:
            check_shard(shard)
        return _with_definitions(observation, body["definitions"], body["texts"])
    except JsonUnreadable as broken:
        raise _refused(path, "observation-malformed", f"the file {broken.reason}") from None
    except Mismatch as wrong:
        message = f"{wrong.place} {wrong.reason}"
        raise _refused(path, "observation-malformed", message) from None


def without_accounts(shard: ObservedShard, definers: Collection[str] = ()) -> ObservedShard:
    """As it is written: definitions stand apart, and names of databases and accounts are replaced
    by what tells them apart as well. The digest of an account would be found by trying names."""
    place = hashlib.sha256(shard.place.encode()).hexdigest() if shard.place else ""
    return replace(
        shard,
        definitions=(),
        others=tuple(
            other
            if other.definer is None or other.definer in definers
            else replace(other, definer=ANOTHER_DEFINER)
            for other in shard.others
        ),
        place=f"{shard.server}/{place}" if shard.place else "",
        access=shard.access
        and _without_grantees(
            replace(
                shard.access,
                account=None,
                accounts=None,
                definers=(),
                protected=frozenset(),
                routines=None,
            )
        ),
    )


def _told(shard: ObservedShard) -> list[tuple[str, str]]:
    """Also tables that nobody manages are told, and none of them may publish a login (RG-10)."""
    return [(table, without_login(text)) for table, text in shard.definitions]


def _without_grantees(access: ShardAccess) -> ShardAccess:
    if access.privileges is None:
        return access
    grants = access.privileges.grants
    numbers = {name: str(n) for n, name in enumerate(sorted({one.grantee for one in grants}))}
    told = tuple(replace(grant, grantee=numbers[grant.grantee]) for grant in grants)
    return replace(access, privileges=replace(access.privileges, grants=told))


def _opened(content: bytes, path: str, key: bytes | None) -> bytes:
    """What the seal seals."""
    line, _, rest = content.partition(b"\n")
    try:
        seal = read_json(line, values_max=len(_SEAL) + 1)
    except JsonUnreadable:
        seal = None
    if not isinstance(seal, dict) or seal.keys() != _SEAL or not rest.endswith(b"\n"):
        raise _refused(
            path, "observation-malformed", "the file is no observation, or a part of one"
        )
    if seal["format"] != OBSERVATION_FORMAT:
        message = f"the file is of format {seal['format']!r}; this version reads"
        raise _refused(path, "observation-format", f"{message} {OBSERVATION_FORMAT!r}")
    sealed = rest.removesuffix(b"\n")
    if seal["sha256"] != hashlib.sha256(sealed).hexdigest():
        message = "the file is not what was sealed: it was edited, or cut off"
        raise _refused(path, "observation-unsealed", message)
    _check_signature(seal["hmac"], sealed, path, key)
    return sealed


def _check_signature(signature: object, sealed: bytes, path: str, key: bytes | None) -> None:
    """Whoever has a key believes nothing else; and nobody takes a signature for checked."""
    if key is None:
        if signature != "":
            message = "the file is signed, and there is no key here to check that with"
            raise _refused(path, "observation-key-missing", message)
        return
    expected = _signature(sealed, key)
    if not isinstance(signature, str) or not hmac.compare_digest(
        signature.encode(errors="replace"), expected.encode()
    ):
        how = "is signed with another key" if signature else "is not signed"
        raise _refused(path, "observation-forged", f"the file {how}")


def _signature(sealed: bytes, key: bytes) -> str:
    return hmac.new(key, OBSERVATION_FORMAT.encode() + b"\n" + sealed, "sha256").hexdigest()


def _with_definitions(
    observation: RegionObservation, definitions: Any, texts: Any
) -> RegionObservation:
    known = _VALUES.from_json(texts, tuple[str, ...], "texts")
    tables = _VALUES.from_json(definitions, tuple[tuple[tuple[str, int], ...], ...], "definitions")
    if len(tables) != len(observation.shards):
        raise Mismatch("definitions", "are not those of as many shards")
    shards = zip(observation.shards, tables, strict=True)
    return replace(
        observation, shards=tuple(_with_texts(shard, own, known) for shard, own in shards)
    )


def _with_texts(
    shard: ObservedShard, own: Sequence[tuple[str, int]], texts: Sequence[str]
) -> ObservedShard:
    if any(not 0 <= index < len(texts) for _, index in own):
        raise Mismatch(f"definitions of shard {shard.shard}", "name a text that is not there")
    names = [table for table, _ in own]
    if names != sorted(set(names)):
        raise Mismatch(f"definitions of shard {shard.shard}", "are not sorted by table")
    for table, index in own:
        if defined_table(texts[index]) not in (table, None):
            raise Mismatch(
                f"definitions of shard {shard.shard}",
                "have that of a table under the name of another",
            )
    return replace(shard, definitions=tuple((table, texts[index]) for table, index in own))


def _refused(path: str, code: str, message: str) -> Refused:
    shown = visible_line(message, limit_chars=PROBLEM_CHARS_MAX)
    where = Location(path=path)
    return Refused(Problem(code=code, message=shown, recovery=_OBSERVE_AGAIN, where=where))
