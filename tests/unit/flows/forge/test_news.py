"""What a chat is told of an apply: once that it begins, what all of it waits for, how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import get_ident

import pytest

from reconciler.edges.meanwhile import told_meanwhile
from reconciler.flows.forge.job import ForgeJob
from reconciler.flows.forge.news import News, tell_ended, teller_of
from reconciler.ledger.reasons import GateClosed, InWords, Soaks
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.progress import RolloutStarted, RolloutWaits
from reconciler.spec.model import Environment
from tests.golden import samples
from tests.offline_fleet import repository
from tests.offline_forge import MERGED, PUSH, KeptLog, KeptNotices, down, forge_job

RUN = "https://forge.example/run/7"
STARTED = RolloutStarted(
    at_s=0.0, keyspace="shop", apply_id=17, waves=(("-80",), ("80-",)), statements=2, done=()
)
SOAKS = RolloutWaits(at_s=60.0, keyspace="shop", reason=Soaks(2, 660.0), until_s=660.0)
#: Where it is told otherwise than by its own name.
HOW = dict.fromkeys((ApplyVerdict.DRIFTED, ApplyVerdict.UNCONFIRMED), ApplyVerdict.COMPLETED)


@dataclass
class Chat:
    lines: list[str] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    is_down: bool = False

    def __call__(self, text: str) -> None:
        if self.is_down:
            raise down()
        self.lines.append(text)
        self.threads.add(get_ident())


def job(chat: Chat | None, log: KeptLog | None = None) -> ForgeJob:
    files = repository()
    return forge_job(PUSH, {MERGED: files}, KeptNotices(), log or KeptLog(), chat=chat)


def production() -> Environment:
    found = repository().keyspace().spec.environment("production")
    assert found is not None
    return found


@pytest.mark.invariant("RP-32")
def test_a_chat_reads_that_an_apply_begins_waits_and_ends() -> None:
    chat = Chat()
    news = News(teller_of(job(chat)), production())
    of_a_shard = RolloutWaits(at_s=9.0, keyspace="shop", reason=InWords("a lock"), shard="-80")
    for event in (STARTED, of_a_shard, SOAKS):
        news.note(event)
    assert chat.lines == [], "nobody waits for a chat who drives"
    news.tell()
    news.tell()
    begun, waits = chat.lines
    assert begun.startswith("00:00:00 shop apply 17 starts: 2 statements on 2 shards in 2 waves")
    assert "shop waits until 00:11:00 UTC" in waits
    assert all(f"(production)\n{RUN}" in line for line in chat.lines), "what waits is all of it"


@pytest.mark.invariant("RP-32")
@pytest.mark.parametrize("verdict", ApplyVerdict)
def test_how_an_apply_ended_is_told_where_there_was_something_to_do(verdict: ApplyVerdict) -> None:
    chat = Chat()
    made = {"environment": "production", "keyspace": "shop", "plan": samples.UNIFORM}
    tell_ended(teller_of(job(chat)), ApplyOutcome(verdict=verdict, **made))  # type: ignore[arg-type]
    if verdict in (ApplyVerdict.NOTHING_TO_DO, ApplyVerdict.SUPERSEDED):
        assert chat.lines == []
    else:
        (line,) = chat.lines
        assert line.startswith(
            f"shop in production: plan 5d10ea88f422, {HOW.get(verdict, verdict)}"
        )
        assert line.endswith(f"\n{RUN}")


@pytest.mark.invariant("RP-32")
def test_whoever_is_wanted_reads_what_an_apply_waits_for() -> None:
    chat = Chat()
    paused = ApplyOutcome(
        environment="production",
        keyspace="shop",
        verdict=ApplyVerdict.PAUSED,
        plan=samples.UNIFORM,
        reason=GateClosed(2),
    )
    tell_ended(teller_of(job(chat)), paused)
    (line,) = chat.lines
    assert "plan 5d10ea88f422, paused, 0 shards completed: wave 2 waits for a person to" in line


@pytest.mark.invariant("RP-32")
def test_what_kept_a_keyspace_from_beginning_is_told_and_mentions_nobody() -> None:
    chat = Chat()
    failed = KeyspaceFailed(
        environment="<!channel>", keyspace="@all", problems=(samples.BAD_KEY,), exit_code=1
    )
    tell_ended(teller_of(job(chat)), failed)
    assert "<!" not in chat.lines[0]
    assert "@all" not in chat.lines[0]


@pytest.mark.invariant("RP-32")
def test_a_chat_that_takes_nothing_is_a_remark_and_none_is_asked_for_nothing() -> None:
    log = KeptLog()
    news = News(teller_of(job(Chat(is_down=True), log)), production())
    news.note(STARTED)
    news.tell()
    assert len(log.remarks) == 1
    silent = News(teller_of(job(None, log)), production())
    silent.note(STARTED)
    silent.tell()
    assert len(log.remarks) == 1


@pytest.mark.invariant("RP-32")
def test_a_wait_of_all_is_told_by_the_thread_beside_the_one_that_drives() -> None:
    chat = Chat()
    news = News(teller_of(job(chat)), production())
    with told_meanwhile(news.tell, news.tell) as notify:
        for event in (STARTED, RolloutWaits(at_s=1.0, keyspace="shop", reason=GateClosed(2))):
            news.note(event)
            notify(event)
    news.tell()
    assert len(chat.lines) == 2
    assert chat.threads - {get_ident()}, "the first at least comes from beside"
