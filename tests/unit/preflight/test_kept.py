"""An answer that was kept is found for the very question, table and server alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.observation import ObservedShard
from reconciler.model.server import Flavor, ServerSettings, ServerVersion
from reconciler.preflight.kept import AskedOf, asked_of
from reconciler.preflight.model import (
    Effect,
    KnownToHold,
    NotAskable,
    OnWarning,
    OtherTable,
    Probe,
    Question,
    RowCondition,
    Versions,
)
from reconciler.spec.preflight import AskedOn
from tests.sample_probes import AT_ONCE, NULLS

SETTINGS = ServerSettings(
    version=ServerVersion(Flavor.MYSQL, 9, 7, 4),
    variables=(("sql_mode", "STRICT_TRANS_TABLES"),),
    database_charset="utf8mb4",
    database_collation="utf8mb4_0900_ai_ci",
)


def known_by(
    probe: Probe = AT_ONCE,
    fingerprint: str = "sha256:1",
    of_parent: str = "sha256:p",
    settings: ServerSettings = SETTINGS,
    place: str = "one/shop_80",
    on: AskedOn = AskedOn.PRIMARY,
) -> AskedOf | None:
    seen = ObservedShard(shard="-80", settings=settings, definitions=(), place=place)
    fingerprints = {"t": fingerprint, "u": fingerprint, "parent": of_parent}
    return asked_of(seen, probe, fingerprint_of=fingerprints.get, on=on)


def asking(question: Question, effect: Effect = Effect.FAILS) -> Probe:
    return replace(AT_ONCE, raised=replace(NULLS, question=question, effect=effect))


@pytest.mark.invariant("PF-10")
def test_whatever_an_answer_rests_on_makes_another_question() -> None:
    warned = RowCondition("`a` IS NULL", OnWarning.OPEN)
    others = [
        known_by(replace(AT_ONCE, table="u")),
        known_by(replace(AT_ONCE, versions=Versions.ALL)),
        known_by(asking(RowCondition("`b` IS NULL"))),
        known_by(asking(warned)),
        known_by(asking(NULLS.question, Effect.LOSES)),
        known_by(fingerprint="sha256:2"),
        known_by(settings=replace(SETTINGS, variables=(("sql_mode", ""),))),
        known_by(place="other/shop_80"),
        known_by(place="one/shop_80_restored"),
        known_by(on=AskedOn.REPLICA),
    ]
    assert len({known_by(), *others}) == len(others) + 1
    assert known_by(replace(AT_ONCE, statement=3)) == known_by(), "its place changes nothing"


@pytest.mark.invariant("PF-10")
def test_so_does_the_other_table_that_is_read() -> None:
    parents = asking(RowCondition("`a` IS NULL", other=OtherTable("parent")))
    assert known_by(parents) is not None
    assert known_by(parents) != known_by(parents, of_parent="sha256:q")
    assert known_by() == known_by(of_parent="sha256:q"), "it does not read it"
    unseen = [OtherTable("another"), OtherTable("parent", database="elsewhere")]
    for other in unseen:
        assert known_by(asking(RowCondition("`a` IS NULL", other=other))) is None


@pytest.mark.invariant("PF-10")
def test_of_a_server_that_does_not_tell_who_it_is_nothing_is_kept() -> None:
    assert known_by(place="/shop_80") is None


def test_what_definitions_answer_is_not_kept() -> None:
    assert known_by() is not None
    assert known_by(asking(KnownToHold("they show it"))) is None
    assert known_by(asking(NotAskable("nobody knows how"))) is None
