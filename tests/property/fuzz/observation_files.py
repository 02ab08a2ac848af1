"""What a region's job hands to the one that plans: read behind a seal that fits, which anybody can
make where there is no key, and then looked through as servers' answers are."""

from __future__ import annotations

import hashlib
import json

from reconciler.ddl.scan import defined_table
from reconciler.model.policy import Policy
from reconciler.observe.file.codec import dump_observation, load_observation
from reconciler.observe.file.model import OBSERVATION_FORMAT, RegionObservation
from reconciler.observe.shards import DefinitionReader, look_through, shadow_tables
from tests.property.fuzz.reader import Reader
from tests.unit.observe.test_observation_file import SEEN

BODY = dump_observation(SEEN, None).partition(b"\n")[2].removesuffix(b"\n")


def _sealed(content: bytes) -> bytes:
    seal = {
        "format": OBSERVATION_FORMAT,
        "sha256": hashlib.sha256(content).hexdigest(),
        "hmac": "",
    }
    return json.dumps(seal).encode() + b"\n" + content + b"\n"


def _can_be_looked_through(found: RegionObservation) -> None:
    for shard in found.shards:
        assert all(defined_table(text) in (name, None) for name, text in shard.definitions)
    reader = DefinitionReader(Policy()).of_live({}, ["users"])
    look = look_through(found.shards, reader)
    assert len(look.seen) == len(found.shards)
    shadow_tables(look.seen, reader)


READERS = (
    Reader(
        name="observation-unsealed",
        read=lambda content: load_observation(content, "eu.observation.json", None),
        seeds=(dump_observation(SEEN, None),),
        words=(b'"hmac"', b'"sha256"', b'""', b"\n", b"null"),
        check=_can_be_looked_through,
    ),
    Reader(
        name="observation",
        read=lambda content: load_observation(_sealed(content), "eu.observation.json", None),
        seeds=(BODY,),
        words=(b'"facts"', b'"settings"', b'"users"', b"9" * 400, b"-1", b"1e999", b"null", b"`"),
        check=_can_be_looked_through,
        grown=(
            ("texts", lambda size: b'{"texts":[' + b'"a",' * (size // 4) + b'"a"]}'),
            ("lists", lambda size: b"[" * size),
        ),
    ),
)
