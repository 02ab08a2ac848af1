"""Reports of rollouts over regions that an engine keeps."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from reconciler.ledger.states import OperationState as S
from reconciler.outcomes.rollouts import (
    Answered,
    CourseAsked,
    CourseLook,
    Looked,
    PartWaits,
    RolloutOutcome,
    Started,
    WorkersSeen,
)
from reconciler.report.render import rollouts_report
from reconciler.rollout.course import (
    CourseOrder,
    CourseShown,
    CourseState,
    PartEnd,
    PartReport,
    PartShown,
    Untold,
)
from reconciler.spec.model import OnFailure
from tests.golden.scenarios import Scenario

NOW_S = 1_772_374_800.0  # 14:20:00
ORDER = CourseOrder(
    environment="production",
    keyspace="commerce",
    commit="3f" * 20,
    plan_id="sha256:" + "5a" * 32,
    waves=(("eu",), ("eu", "us")),
    on_failure=OnFailure.HALT,
    soak_s=600,
    gate=True,
    silent_s=30,
    asked_by="somebody",
)
DONE = PartShown(
    wave=1,
    region="eu",
    state=S.COMPLETED,
    report=PartReport(end=PartEnd.COMPLETED, statements_run=3),
)
SHOWN = CourseShown(
    state=CourseState.RUNNING,
    wave=2,
    until_s=0.0,
    parts=(
        DONE,
        PartShown(wave=2, region="eu", state=S.RUNNING),
        PartShown(wave=2, region="us", state=S.RUNNING),
    ),
    plan_id=ORDER.plan_id,
    commit=ORDER.commit,
    asked_by="somebody",
)
WORKING = PartWaits(
    wave=2, region="eu", ordered_s=NOW_S - 900, begun_s=NOW_S - 60, attempt=2, done=4, of=12
)
WAITING = PartWaits(wave=2, region="us", ordered_s=NOW_S - 900, begun_s=None)
RUNNING = CourseLook(
    shown=SHOWN,
    began_s=NOW_S - 3_600,
    ordered=(WORKING, WAITING),
    workers=(
        WorkersSeen(region="", seen_s=NOW_S - 10),
        WorkersSeen(region="eu", seen_s=NOW_S - 10),
        WorkersSeen(region="us", seen_s=NOW_S - 1_080),
    ),
)
SILENT = replace(
    RUNNING,
    ordered=(replace(WORKING, sign_s=NOW_S - 11), replace(WAITING, ordered_s=NOW_S - 11)),
    workers=tuple(replace(seen, seen_s=NOW_S - 40) for seen in RUNNING.workers),
)
UNTOLD = replace(
    SHOWN,
    state=CourseState.CANCELLED,
    untold=(Untold(region="eu", code="region-protocol"), Untold(region="us")),
)
REFUSED = PartReport(end=PartEnd.HELD, code="drift", shard="c0-", table="users", problems=2)
NOBODY = WorkersSeen(region="", seen_s=None)


def _shown(state: CourseState, *parts: PartShown, until_s: float = 0.0) -> CourseLook:
    shown = replace(SHOWN, state=state, parts=(DONE, *parts), until_s=until_s)
    ended = NOW_S if state in (CourseState.COMPLETED, CourseState.FAILED) else None
    return CourseLook(shown=shown, began_s=NOW_S - 3_600, ended_s=ended)


def _told(name: str, when: str, found: Started | Answered | CourseLook | None) -> Scenario:
    done = found if isinstance(found, Started | Answered) else Looked(look=found, now_s=NOW_S)
    outcome = RolloutOutcome(environment="production", keyspace="commerce", found=done)
    return Scenario(f"rollout-{name}", when, partial(rollouts_report, [outcome]))


ROLLOUTS = (
    _told("started", "A rollout was begun.", Started(order=ORDER)),
    _told("released", "Its gate was opened.", Answered(asked=CourseAsked.RELEASE, is_done=True)),
    _told("stopping", "A statement still runs.", Answered(asked=CourseAsked.STOP, is_done=False)),
    _told("running", "A region has no worker.", RUNNING),
    _told("soaking", "It rests.", _shown(CourseState.SOAKING, until_s=NOW_S + 300)),
    _told("paused", "It waits at a gate.", _shown(CourseState.PAUSED)),
    _told(
        "held",
        "A region has refused.",
        _shown(CourseState.HELD, PartShown(wave=2, region="us", state=S.STOPPED, report=REFUSED)),
    ),
    _told("stopped", "Somebody stopped it.", _shown(CourseState.STOPPED)),
    _told("cancelled", "A region is still to be told.", _shown(CourseState.CANCELLED)),
    _told(
        "untold",
        "A region cannot let go, and another one is away.",
        replace(_shown(CourseState.CANCELLED), shown=UNTOLD),
    ),
    _told(
        "without",
        "Its end waits for a region no more.",
        Answered(asked=CourseAsked.WITHOUT, is_done=True, region="us"),
    ),
    _told("silent", "Workers were killed a moment ago.", SILENT),
    _told("completed", "All is done.", _shown(CourseState.COMPLETED)),
    _told(
        "undecided",
        "Nobody decides what is next.",
        CourseLook(shown=None, began_s=NOW_S - 60, workers=(NOBODY,)),
    ),
    _told(
        "refused",
        "It was begun by another version.",
        CourseLook(
            shown=None,
            began_s=NOW_S - 60,
            ended_s=NOW_S,
            refused="this worker knows protocol 1, and the order is of 2",
        ),
    ),
    _told("none", "None was begun.", None),
)
