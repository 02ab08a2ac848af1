"""The proof of one part: its chain on a copy of what is printed, and again in every other state
that prints the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

from reconciler.ddl.default_less import default_less_columns
from reconciler.ddl.foreign import ForeignDefinition
from reconciler.diff.model import Operation
from reconciler.diff.schema_diff import diff_schemas
from reconciler.guard.model import Refusal
from reconciler.model.schema import Schema
from reconciler.ports.scratch import Scratch
from reconciler.prove.chain import Chain, Ran
from reconciler.prove.copies import Copy, CopyMaker, NotCopied, Original
from reconciler.prove.cross_database import children_for, parents_for
from reconciler.prove.limits import PROOF_EXCLUSIONS_MAX, PROOF_ROUNDS_MAX
from reconciler.prove.part import Part, names_of
from reconciler.prove.refusals import (
    child_left_behind,
    ends_elsewhere,
    not_copied,
    not_diffable,
    not_run_on_scratch,
    not_taken,
    state_disagrees,
    unexplained,
)
from reconciler.prove.replay import Disagreement, replay
from reconciler.prove.request import ProofRequest
from reconciler.prove.row_versions import row_versions_left
from reconciler.prove.search import NOT_IN_THIS_CLASS
from reconciler.prove.variants import (
    may_meet_mark,
    older_row_formats,
    text_with_implicit_indexes,
    text_with_row_format,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Variant:
    """Another state that prints the same; `what` ends "on a copy ..."."""

    what: str
    original: Original


def prove_part(scratch: Scratch, request: ProofRequest, part: Part) -> list[Ran] | Refusal:
    """The statements of the part, each run in every state that the live tables may be in."""
    texts = request.to_make(part.tables)
    unread = sorted(table for table, found in texts.items() if found is None)
    if unread:
        return not_run_on_scratch(request.shard.shard, unread[0], request.texts[unread[0]])
    original = _original(request, part, {t: found for t, found in texts.items() if found})
    variants = tuple(_variants(request, part, original))
    excluded: set[str] = set()
    for _ in range(PROOF_EXCLUSIONS_MAX):
        with ExitStack() as stack:
            maker = CopyMaker(scratch, original, request.reader, stack)
            chain = _run_chain(maker, request, part, excluded)
            if isinstance(chain, Refusal):
                return chain
            found = _disagreement(scratch, request, chain, maker, variants)
        if found is None:
            return chain.ran
        variant, disagreement = found
        error = disagreement.error
        if error is None or error.number not in NOT_IN_THIS_CLASS:
            return state_disagrees(request.shard.shard, variant.what, disagreement)
        # The class was found where the server can do more: look for one that holds in both states.
        excluded.add(disagreement.ran.sql)
    return state_disagrees(request.shard.shard, variant.what, disagreement)


def _original(
    request: ProofRequest, part: Part, texts: Mapping[str, ForeignDefinition]
) -> Original:
    read = {table: request.read(table) for table in texts if request.reader.is_managed(table)}
    return Original(
        settings=request.settings,
        texts=texts,
        expected={table: found.fingerprint for table, found in read.items()},
        default_less={
            table: tuple(c.name for c in default_less_columns(found.table, request.version))
            for table, found in read.items()
        },
        parents=parents_for(request, part.tables),
        children=children_for(request, part.tables),
        sequences=request.sequences,
    )


def _run_chain(
    maker: CopyMaker, request: ProofRequest, part: Part, excluded: Collection[str]
) -> Chain | Refusal:
    shard = request.shard.shard
    copy = maker.make()
    if isinstance(copy, NotCopied):
        return not_copied(shard, copy, request.texts.get(copy.table))
    chain = Chain(
        maker=maker,
        part=part,
        flavor=request.version.flavor,
        versions=row_versions_left(request.observed, request.version),
        excluded=excluded,
        copy=copy,
        state=dict(maker.original.expected),
    )
    steps = part.steps
    wanted = request.wanted(part.tables)
    for _ in range(PROOF_ROUNDS_MAX):
        for place, step in steps:
            children = children_for(request, names_of(step))
            if children and step.operation is Operation.DROP_TABLE and not step.foreign_key_checks:
                return child_left_behind(shard, step.table, children)
            problem = chain.run(place, step)
            if problem is not None:
                return not_taken(shard, problem, children)
        now = maker.read_everything(chain.copy)
        if {table: read.fingerprint for table, read in now.items()} != chain.state:
            return unexplained(shard, now, chain.state)
        if chain.state == wanted:
            return chain
        # What a server made of the statements is not quite what was wanted: say it the difference.
        rest = diff_schemas(
            Schema(tables=tuple(read.table for _, read in sorted(now.items()))),
            Schema(tables=tuple(t for t in request.desired.tables if t.name in part.tables)),
            policy=request.policy,
            renames=request.renames,
            version=request.version,
        )
        if rest.refusals:
            return not_diffable(shard, rest.refusals[0])
        if not rest.steps:
            break
        steps = tuple((part.behind + place, step) for place, step in enumerate(rest.steps))
    return ends_elsewhere(shard, now, wanted, request)


def _variants(request: ProofRequest, part: Part, original: Original) -> Iterator[_Variant]:
    steps = [step for _, step in part.steps]
    changing = {name for step in steps for name in names_of(step)} & set(original.expected)
    marked = {name for step in steps if may_meet_mark(step) for name in names_of(step)}
    texts = {
        table: replace(original.texts[table], sql=text)
        for table in sorted(changing & marked)
        if (text := text_with_implicit_indexes(request.texts[table], request.read(table).table))
    }
    if texts:
        what = "whose foreign-key indexes InnoDB made by itself"
        yield _Variant(what=what, original=replace(original, texts={**original.texts, **texts}))
    formats = older_row_formats(request.observed, changing, request.texts)
    for table, row_format in sorted(formats.items()):
        text = text_with_row_format(request.texts[table], row_format)
        made = replace(original.texts[table], sql=text)
        expected = {name: found for name, found in original.expected.items() if name != table}
        yield _Variant(
            what=f"in row format {row_format.upper()}, as table {table} is on a shard",
            original=replace(original, texts={**original.texts, table: made}, expected=expected),
        )


def _disagreement(
    scratch: Scratch,
    request: ProofRequest,
    chain: Chain,
    maker: CopyMaker,
    variants: tuple[_Variant, ...],
) -> tuple[_Variant, Disagreement] | None:
    if [sent.sql for sent in chain.copy.sent] != [ran.sql for ran in chain.ran]:
        # Something that ran on the copy is not planned, for it cannot be seen: is it not needed?
        variants = (_Variant(what="made again", original=maker.original), *variants)
    for variant in variants:
        with ExitStack() as stack:
            other = CopyMaker(scratch, variant.original, request.reader, stack)
            copy = other.make()
            if not isinstance(copy, Copy):
                continue  # the state does not exist: no live table can be in it
            found = replay(other, copy, chain.ran)
        if found is not None:
            return variant, found
    return None
