"""Why a change set could not be proven, in words, with the next step."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from reconciler.ddl.render import render_table
from reconciler.diff.comparable import policy_fingerprint
from reconciler.diff.model import DiffRefusal
from reconciler.guard.model import Refusal
from reconciler.model.object_id import table_id
from reconciler.model.observation import CrossDatabaseChild
from reconciler.model.schema import Schema, Table
from reconciler.observe.shards import ReadDefinition
from reconciler.prove.chain import CameTwice, Rejected
from reconciler.prove.copies import NotCopied
from reconciler.prove.replay import Disagreement
from reconciler.prove.request import ProofRequest

_SHRINK = "make the change in two steps, with a reviewed plan for each"


def not_copied(shard: str, problem: NotCopied, text: str | None) -> Refusal:
    why = (
        f"the scratch server answers {problem.error}" if problem.error else "it reads back changed"
    )
    return Refusal(
        code="cannot-be-copied",
        shard=shard,
        object_id=table_id(problem.table),
        message=f"table {problem.table} cannot be recreated on scratch as the shard has it: {why}",
        recovery="nothing can be proven for a table that cannot be copied; bring it into a form"
        " that its server accepts today, then run `reconciler plan` again",
        expected=text,
        observed=problem.read_back,
    )


def not_run_on_scratch(shard: str, table: str, text: str) -> Refusal:
    return Refusal(
        code="cannot-be-copied",
        shard=shard,
        object_id=table_id(table),
        message=f"table {table} cannot be recreated on scratch: the shard's server prints it in a"
        " form that is not run there",
        recovery="nothing can be proven beside a table that cannot be copied: take away what is"
        " unusual in it (files or rows elsewhere, an engine that is not local), then run"
        " `reconciler plan` again",
        expected=text,
    )


def not_taken(
    shard: str, problem: Rejected | CameTwice, children: Sequence[CrossDatabaseChild]
) -> Refusal:
    """`children` are the tables of other databases that refer to the step's."""
    table = problem.step.table
    match problem:
        case Rejected(sql=sql, error=error):
            return Refusal(
                code="statement-rejected",
                shard=shard,
                object_id=table_id(table),
                message=f"table {table}: the server does not take the change: {error}"
                f"{_referred_to_by(children)}",
                recovery="the server's answer says what stands in the way; fix the definition, or"
                f" {_SHRINK}",
                expected=sql,
            )
        case CameTwice(sql=sql):
            return Refusal(
                code="state-comes-twice",
                shard=shard,
                object_id=table_id(table),
                message=f"table {table}: the change would pass through one state twice, and after"
                " an interruption nobody could tell how far it had come",
                recovery=_SHRINK,
                expected=sql,
            )


def child_left_behind(shard: str, table: str, children: Sequence[CrossDatabaseChild]) -> Refusal:
    """With foreign_key_checks=0 no server would object, and the children refer to nothing then."""
    return Refusal(
        code="child-left-behind",
        shard=shard,
        object_id=table_id(table),
        message=f"table {table} cannot go: it is dropped with foreign_key_checks=0, together with"
        f" tables that it refers to in a circle{_referred_to_by(children)}",
        recovery="have those foreign keys dropped by who looks after the other database, or keep"
        " the table",
    )


def _referred_to_by(children: Sequence[CrossDatabaseChild]) -> str:
    named = ", ".join(map(str, children))
    return f" (foreign keys of other databases refer to it: {named})" if named else ""


def state_disagrees(shard: str, what: str, found: Disagreement) -> Refusal:
    how = f"the server answers {found.error}" if found.error else "another definition comes out"
    return Refusal(
        code="proof-failed",
        shard=shard,
        object_id=table_id(found.table),
        message=f"table {found.table}: on a copy {what}, {how}; the shards may be in that state,"
        " which no definition shows",
        recovery=_SHRINK,
        expected=found.ran.sql,
        observed=found.read_back,
    )


def not_diffable(shard: str, refused: DiffRefusal) -> Refusal:
    return Refusal(
        code="difference-not-planned",
        shard=shard,
        object_id=table_id(refused.table),
        message=f"table {refused.table}, {refused.object}: {refused.reason}",
        recovery=refused.recovery,
    )


def unexplained(shard: str, now: Mapping[str, ReadDefinition], state: Mapping[str, str]) -> Refusal:
    fingerprints = {table: read.fingerprint for table, read in now.items()}
    tables = fingerprints.keys() | state.keys()
    table = min(t for t in tables if fingerprints.get(t) != state.get(t))
    return Refusal(
        code="proof-failed",
        shard=shard,
        object_id=table_id(table),
        message=f"table {table} changed on scratch by statements for other tables",
        recovery=_SHRINK,
        expected=state.get(table),
        observed=now[table].text if table in now else None,
    )


def ends_elsewhere(
    shard: str,
    now: Mapping[str, ReadDefinition],
    wanted: Mapping[str, str],
    request: ProofRequest,
) -> Refusal:
    """The statements run, and what comes out is not what git says."""
    found = {table: read.fingerprint for table, read in now.items()}
    table = min(t for t in found.keys() | wanted.keys() if found.get(t) != wanted.get(t))
    desired = request.desired.table(table)
    return Refusal(
        code="proof-failed",
        shard=shard,
        object_id=table_id(table),
        message=f"table {table}: the statements run on scratch, and what comes out is not what git"
        " says",
        recovery=_SHRINK,
        expected=render_table(desired, request.version) if desired is not None else None,
        observed=now[table].text if table in now else None,
    )


def left_unplanned(
    request: ProofRequest, before: Schema, planned: Collection[str]
) -> tuple[Refusal, ...]:
    """Tables that differ from git and that no statement touches: a difference must never pass for
    none."""
    live = {table.name: table for table in before.tables}
    wanted = {table.name: table for table in request.desired.tables}
    differing = [
        name
        for name in sorted((live.keys() | wanted.keys()) - set(planned))
        if not _same(request, live.get(name), wanted.get(name))
    ]
    return tuple(
        Refusal(
            code="difference-not-planned",
            shard=request.shard.shard,
            object_id=table_id(name),
            message=f"table {name} differs from git in a way that no statement was found for",
            recovery="compare both definitions, and change what differs by a plan of its own",
            expected=render_table(wanted[name], request.version) if name in wanted else None,
            observed=render_table(live[name], request.version) if name in live else None,
        )
        for name in differing
    )


def _same(request: ProofRequest, one: Table | None, other: Table | None) -> bool:
    """Equal values are nearly all there is in a large schema, and cost no hashing."""
    if one is None or other is None:
        return False
    return one == other or policy_fingerprint(
        one, request.version, request.policy
    ) == policy_fingerprint(other, request.version, request.policy)
