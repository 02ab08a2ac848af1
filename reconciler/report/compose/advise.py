"""A split that is proposed, as a change of the spec, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.outcomes.advise import AdviseOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan import words
from reconciler.report.blocks import Block, Copy, Cut, Detail, Fact, Facts, Items, Mark, Paragraph
from reconciler.report.compose.opening import failed_report, title
from reconciler.report.compose.quarantine import quarantine_block
from reconciler.report.compose.reasons import problems
from reconciler.report.compose.shards import named_shards
from reconciler.report.document import Document, Report, Title
from reconciler.report.estimate_words import size_words
from reconciler.report.limits import FULLEST_SHOWN
from reconciler.report.spans import Line, Name, Text, with_commands
from reconciler.reshard.adviser import Proposal
from reconciler.reshard.loads import ShardLoad
from reconciler.spec.model import Ceilings

_TOPIC = "advice"
_CUT = Cut(
    detail=Detail.OVERVIEW,
    instead=with_commands("Some shards are left out here; `--output json` has them all."),
)


def advise_document(outcomes: Sequence[AdviseOutcome | KeyspaceFailed]) -> Document:
    return Document(reports=tuple(map(_report, outcomes)))


def _report(outcome: AdviseOutcome | KeyspaceFailed) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report(_TOPIC, outcome)
    blocks: list[Block] = [Facts(facts=tuple(_facts(outcome)))]
    if outcome.proposal is not None:
        blocks += _proposal(outcome, outcome.proposal)
    if outcome.declined:
        declined = tuple((Name(shard), Text(f": {why}")) for shard, why in outcome.declined)
        blocks.append(Items(title="Beyond a ceiling, and not proposed", items=declined, cut=_CUT))
    if outcome.unseen:
        unseen = tuple((*named_shards(names), Text(f": {why}")) for why, names in outcome.unseen)
        blocks.append(Items(title="Not measured", items=unseen, cut=_CUT))
    blocks += problems(outcome.problems, _CUT)
    blocks.append(Items(title=_fullest_title(outcome), items=tuple(_fullest(outcome)), cut=_CUT))
    blocks += quarantine_block(outcome.quarantine)
    return Report(title=_title(outcome), blocks=tuple(blocks))


def _title(outcome: AdviseOutcome) -> Title:
    mark, verdict = _verdict(outcome)
    return title(mark, outcome.keyspace, outcome.environment, verdict)


def _verdict(outcome: AdviseOutcome) -> tuple[Mark, str]:
    proposal, ceilings = outcome.proposal, outcome.ceilings
    unseen = {shard for _, shards in outcome.unseen for shard in shards}
    if proposal is not None:
        return Mark.CAUTION, f"split {proposal.shard} into {' and '.join(proposal.targets)}"
    if outcome.problems:
        return Mark.BAD, "a shard is beyond a ceiling, and its rows could not be sampled"
    if unseen:
        return Mark.BAD, f"{words.count(len(unseen), 'shard')} could not be measured"
    if ceilings == Ceilings():
        return Mark.QUIET, "the spec has no ceilings, so that no shard is beyond one"
    if outcome.declined:
        beyond = words.count(len(outcome.declined), "shard")
        return Mark.QUIET, f"{beyond} beyond a ceiling, and nothing is proposed yet"
    return Mark.GOOD, "no shard is beyond a ceiling"


def _facts(outcome: AdviseOutcome) -> Iterator[Fact]:
    ceilings = outcome.ceilings
    if ceilings == Ceilings():
        written = with_commands("none; write `reshard: {ceilings: {size: ...}}` into the spec")
        yield Fact(label="ceilings", text=written)
        return
    said = []
    if ceilings.size_bytes is not None:
        said.append(size_words(ceilings.size_bytes))
    if ceilings.rows is not None:
        said.append(f"{ceilings.rows:,} rows")
    if ceilings.statements_per_s is not None:
        said.append(f"{ceilings.statements_per_s:,} statements a second")
    yield Fact(label="ceilings", text=(Text(", ".join(said)),))


def _proposal(outcome: AdviseOutcome, proposal: Proposal) -> Iterator[Block]:
    first, second = proposal.targets
    yield Paragraph(
        text=(
            Text(f"Shard {proposal.shard} has {'; '.join(proposal.reasons)}. Of"),
            Text(f" {proposal.sampled:,} rows chosen by chance, {proposal.share:.0%} would be of"),
            Text(f" {first} and {1 - proposal.share:.0%} of {second}."),
        )
    )
    if outcome.edit is None:
        yield Paragraph(text=with_commands(_by_hand(outcome, proposal)))
    else:
        yield Copy(
            title="Proposed change",
            lead=with_commands(
                "To be reviewed like any change, with the servers that the new shards shall have"
                " (`...`: the line as it is). `reconciler plan` then shows what the split would do"
            ),
            lines=outcome.edit,
            language="diff",
        )


def _by_hand(outcome: AdviseOutcome, proposal: Proposal) -> str:
    first, second = proposal.targets
    if not outcome.lists:
        return (
            f"Take {proposal.shard} out of `shards` into `retiring`, and put {first} and"
            f" {second} in its place, each on a new and empty server."
        )
    return (
        f"Take {proposal.shard} out of {' or '.join(outcome.lists)}, and put {first} and {second}"
        f" in its place there, each on a new and empty server; {proposal.shard} goes under"
        " `retiring` in the spec, with the connection that its line has."
    )


def _fullest_title(outcome: AdviseOutcome) -> str:
    shown = min(FULLEST_SHOWN, len(outcome.loads))
    return "Shards" if shown == len(outcome.loads) else f"The {shown} fullest shards"


def _fullest(outcome: AdviseOutcome) -> Iterator[Line]:
    ordered = sorted(outcome.loads, key=lambda load: (-(load.size_bytes or 0), load.shard))
    for load in ordered[:FULLEST_SHOWN]:
        yield (Name(load.shard), Text(f": {_measures(load)}"))


def _measures(load: ShardLoad) -> str:
    size = "size unknown" if load.size_bytes is None else size_words(load.size_bytes)
    rows = "rows unknown" if load.rows is None else f"about {load.rows:,} rows"
    rate = load.statements_per_s
    busy = "" if rate is None else f", {rate:,.1f} statements a second since the last look"
    return f"{size}, {rows}{busy}"
