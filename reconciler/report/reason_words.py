"""Why an apply stands as it does, what became of a request, what happened: in words."""

from __future__ import annotations

from typing import assert_never

from reconciler.ledger import (
    copies,
    deploys,
    finalizers,
    neighbours,
    promotions,
    reasons,
    resumes,
    swaps,
)
from reconciler.ledger.reasons import Answer, Happened, InWords, NothingToRelease, Reason, Wait
from reconciler.ledger.reviewed import Reviewed
from reconciler.ledger.states import ApplyState, Hold
from reconciler.report.cutover_words import (
    compared_words,
    copies_counted,
    cutover_words,
    released_words,
    slowed_words,
    throttled_words,
)
from reconciler.report.deploy_words import deploy_wait_words, intended_words
from reconciler.report.finalizer_words import (
    step_happened_words,
    step_reason_words,
    step_wait_words,
)
from reconciler.report.promotion_words import promotion_words
from reconciler.report.spans import Line, sentence, with_commands
from reconciler.report.times import moment


def reason_line(reason: Reason | None) -> Line:
    """With its commands set apart; in somebody else's words nothing is one."""
    if isinstance(reason, InWords):
        return sentence(reason.text)
    return with_commands(reason_words(reason))


def reason_words(reason: Reason | None) -> str:
    """'wave 2 waits for a person to release it'; empty for None."""
    match reason:
        case None:
            return ""
        case InWords(text):
            return text
        case reasons.GateClosed(wave):
            return f"wave {wave} waits for a person to release it"
        case reasons.WaveNotAsked(wave):
            return f"wave {wave} was not asked for in this run"
        case reasons.WaveRefused(wave, message, more):
            rest = f" (and {more} more)" if more else ""
            return f"wave {wave} does not begin: {message}{rest}"
        case reasons.Soaks(_, until_s):
            return f"{soak_words(reason)}, at {moment(until_s)}"
        case reasons.ShardFailed(shard):
            return f"shard {shard} failed; nothing new starts until a person releases it"
        case reasons.Halted(shard):
            return f"shard {shard} failed; nothing further was started"
        case reasons.Stopped():
            return "stopped; `reconciler resume` goes on"
        case reasons.LeftAtOnce():
            return "left at once; `reconciler resume` looks at the shards first"
        case reasons.OutcomeUnseen(shards):
            return f"nobody knows yet what became of shard {', '.join(shards)}"
        case (
            copies.CopiesNotReady()
            | copies.CutoverClosed()
            | copies.CutoverShut()
            | copies.CutoverOverdue()
        ):
            return cutover_words(reason)
        case (
            finalizers.VSchemaGateClosed()
            | finalizers.VSchemaNotAsked()
            | finalizers.VSchemaRefused()
            | finalizers.VSchemaSoaks()
            | finalizers.VSchemaFailedForNow()
            | finalizers.VSchemaHalted()
            | finalizers.VSchemaUnseen()
        ):
            return step_reason_words(reason)
        case reasons.Undriven():
            return "nobody drives it; `reconciler resume` goes on"
        case NothingToRelease():
            return _nothing_to_release(reason)
        case neighbours.EarlierSession():
            return "the server still has an earlier run's session on this shard"
        case neighbours.BlockerEnded():
            return _blocker_ended(reason)
        case copies.ItsCutover():
            return "its copy is complete, and kept up to date until it is swapped in"
        case deploys.AtPlanetScale() | deploys.WayBackOpen():
            return f"waits for {deploy_wait_words(reason)}"
        case (
            promotions.PromotionAwaited()
            | promotions.PromotionUnmeasured()
            | promotions.PromotionFailed()
        ):
            return promotion_words(reason)
        case _:
            assert_never(reason)


def soak_words(soak: reasons.Soaks) -> str:
    return f"wave {soak.wave} starts after the soak"


def wait_words(wait: Wait | None) -> str:
    """'the end of the soak', after "waits for"; empty for None."""
    match wait:
        case None:
            return ""
        case InWords(text):
            return text
        case neighbours.EarlierSession():
            return "an earlier run's session on the shard to end"
        case reasons.NextTry(message):
            return f"its next try; {message}"
        case reasons.LimitExceeded(message):
            return f"this to pass: {message}"
        case reasons.ItsWave(wave):
            return f"wave {wave}"
        case reasons.EndOfSoak():
            return "the end of the soak"
        case reasons.ToBeReleased(hold):
            return _to_be_released(hold)
        case copies.ItsCutover():
            return "a release, a window or the wave's other copies, to be swapped in"
        case deploys.AtPlanetScale() | deploys.WayBackOpen():
            return deploy_wait_words(wait)
        case finalizers.ItsShards() | finalizers.FirstStep():
            return step_wait_words(wait)
        case reasons.ItsTurn():
            return "its turn"
        case _:
            assert_never(wait)


def _to_be_released(hold: Hold) -> str:
    match hold:
        case Hold.GATE:
            return "somebody to release the wave"
        case Hold.KEPT_GATE:
            return "one of those for whom the spec keeps the gate to release the wave"
        case Hold.FAILURE:
            return "somebody to release the failure"
        case Hold.CUTOVER:
            return "somebody to release the copies"
        case Hold.GUARD:
            return "a resume, once the guard lets it"
        case Hold.NONE:
            return "its turn"
        case _:
            assert_never(hold)


def answer_words(answer: Answer) -> str:
    match answer:
        case InWords(text):
            return text
        case reasons.NothingUnfinished():
            return "no apply of this keyspace is unfinished"
        case reasons.Unanswered():
            return "recorded; it has not been answered yet"
        case reasons.EndedMeanwhile():
            return "the apply has ended meanwhile"
        case resumes.TakenUpAgain(by):
            return f"taken up again by {by}"
        case resumes.GoesOn():
            return "a controller goes on with it by itself, or the next `reconciler apply`"
        case resumes.WaitsForRelease(hold):
            return f"it waits for {_to_be_released(hold)}, which no retry is: `reconciler release`"
        case resumes.GoesOnOnceReleased(hold):
            return f"the stop is taken back; it waits for {_to_be_released(hold)} besides"
        case resumes.RetryTakenBack():
            return "the retry is taken back: nothing begins it again by itself"
        case resumes.NothingToAskOf():
            return _nothing_to_ask_of(answer)
        case resumes.NotKnownHere():
            return _not_known_here(answer)
        case resumes.NothingToRetry():
            return "there is no apply of this keyspace, or the latest one completed"
        case reasons.CancelledAlready():
            return "it is being cancelled"
        case reasons.NothingNewStarts():
            return (
                "nothing new starts; what a server runs is finished; a copy is kept where its"
                " engine can take it up again, removed where it waits on purpose, else finished"
            )
        case reasons.RestNeverStarts():
            return "the rest never starts; what a server runs is finished, a copy is given up"
        case reasons.StaysStopped():
            return "nobody drove it; it stays as it is until resumed"
        case reasons.EndedAs(state):
            return f"it has ended as {state}; what was applied stays applied"
        case reasons.GateKept(by):
            return (
                f"the spec keeps this gate for {', '.join(by) or 'people whom it names'}: one of"
                " them releases it by a job of the forge, `reconciler ci ask --what release`"
            )
        case reasons.Released():
            return "released; `reconciler resume` goes on"
        case copies.CopiesNotReady():
            return f"nothing is released before every copy is complete: {cutover_words(answer)}"
        case copies.CutoverShut():
            return f"released already: {cutover_words(answer)}"
        case copies.CutoverReleased():
            return released_words(answer)
        case copies.CopiesThrottled():
            return throttled_words(answer)
        case copies.CopiesReleased(number):
            return (
                f"{copies_counted(number)} released; `reconciler resume` takes them up, or makes"
                " them again, and swaps them in as soon as they are complete"
            )
        case NothingToRelease():
            return _nothing_to_release(answer)
        case _:
            assert_never(answer)


def _not_known_here(answer: resumes.NotKnownHere) -> str:
    return (
        f"reconciler {answer.version} drives it and does not know {answer.word!r}: upgrade whoever"
        " drives it, and ask again"
    )


def _nothing_to_ask_of(answer: resumes.NothingToAskOf) -> str:
    return (
        f"the ledger at hand has nothing to ask this of in {', '.join(answer.regions)}; a region"
        " with a ledger of its own is asked where that is, with --region"
    )


def apply_state_words(state: ApplyState) -> str:
    if state is ApplyState.RUNNING_DEGRADED:
        return "running, with trouble"
    return state.value.replace("_", " ")


def happened_words(happened: Happened) -> str:
    match happened:
        case InWords(text):
            return text
        case reasons.Begun(by):
            return f"started by {by}"
        case reasons.TakenUp(by):
            return f"taken up by {by}"
        case Reviewed(number, author, approved_by):
            approved = ", ".join(approved_by) or "nobody"
            return f"of pull request #{number} by {author}, approved by {approved}"
        case reasons.StateChanged(state, reason):
            because = f": {reason_words(reason)}" if reason is not None else ""
            return f"{apply_state_words(state)}{because}"
        case reasons.Completed():
            return "completed"
        case reasons.Failed(message):
            return f"failed: {message}"
        case reasons.OutcomeLost(message):
            return f"outcome unknown: {message}"
        case reasons.StatementFound(state):
            return f"a look at the shard found its statement {state}"
        case reasons.FoundRunning():
            return "its statement is still running there; taken up"
        case reasons.CutOverBegun():
            return "its copy is complete; cutting over"
        case copies.CopySlowed():
            return slowed_words(happened)
        case copies.CopyStopped(is_kept):
            kept = "it can be taken up again" if is_kept else "it begins again from nothing"
            return f"its copy was ended before it was swapped in; {kept}"
        case copies.RowsCompared():
            return compared_words(happened)
        case copies.LeftBehind(message):
            return message
        case reasons.EarlierRunCameThrough():
            return "an earlier run's statement has run"
        case neighbours.BlockerEnded():
            return _blocker_ended(happened)
        case swaps.TriggerSwapped(held_ms):
            return f"swapped while its table was locked, which took {held_ms} ms"
        case swaps.RoutineRemade(absent_ms):
            return f"made again; calls failed for {absent_ms} ms at most"
        case (
            finalizers.VSchemaApplied()
            | finalizers.VSchemaFailed()
            | finalizers.VSchemaLost()
            | finalizers.VSchemaNeverRan()
        ):
            return step_happened_words(happened)
        case deploys.DeployIntended():
            return intended_words(happened)
        case reasons.Requested(asked, by, state, answer):
            told = f": {answer_words(answer)}" if answer is not None else ""
            return f"{asked} asked by {by}, {state}{told}"
        case _:
            assert_never(happened)


def _blocker_ended(end: neighbours.BlockerEnded) -> str:
    if end.is_denied:
        return f"could not end what is in the way, for the login may not: {end.session}"
    return f"ended what was in the way: {end.session}"


def _nothing_to_release(found: NothingToRelease) -> str:
    """And what does go on."""
    match found.hold:
        case Hold.GUARD:
            held = reason_words(found.reason)
            return f"no person holds it: {held}; `reconciler resume` asks again"
        case Hold.FAILURE:
            return "its failures have been released already; `reconciler resume` goes on"
        case Hold.GATE | Hold.KEPT_GATE:
            return "the next wave has been released already; `reconciler resume` goes on"
        case Hold.CUTOVER:
            return (
                "its copies have been released already; `reconciler resume` takes them up, or"
                " makes them again, and swaps them in"
            )
        case Hold.NONE if found.is_driven:
            return (
                "it waits at no gate and goes on by itself; no gate is opened before the apply"
                " waits at it"
            )
        case Hold.NONE:
            return (
                "it waits at no gate; `reconciler resume` goes on, and no gate is opened before the"
                " apply waits at it"
            )
        case _:
            assert_never(found.hold)
