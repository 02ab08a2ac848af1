"""A plan for programs: the same shape wherever one is told."""

from __future__ import annotations

from reconciler.model.object_id import ObjectId
from reconciler.model.policy import Hazard, Policy
from reconciler.plan import words
from reconciler.plan.mixed_window import mixed_windows
from reconciler.plan.model import ChangeSet, Plan, PlannedStatement, VSchemaStep
from reconciler.plan.permission import permission_of
from reconciler.plan.permission_lines import allow_entries
from reconciler.plan.vschema_words import change_words
from reconciler.report.json_values import Json, about, plain
from reconciler.report.summary import summarise
from reconciler.vschema.model import VSchemaChange


def plan_shape(plan: Plan) -> Json:
    core, summary = plan.core, summarise(plan.core)
    return {
        "plan_id": plan.plan_id,
        "environment": core.environment,
        "keyspace": core.keyspace,
        "server": core.server,
        "shards": list(core.shards),
        "matching": list(core.matching),
        "quarantine": plain(core.quarantine),
        "summary": {
            "shards": summary.shards,
            "changing": summary.changing,
            "matching": summary.matching,
            "change_sets": summary.change_sets,
            "statements": summary.statements,
            "vschema_changes": summary.vschema_changes,
            "worst_class": words.class_name(summary.worst[1]) if summary.worst else None,
            "destructive": [plain(finding) for finding in summary.destructive],
            "not_allowed": list(allow_entries(summary.not_allowed)),
        },
        "waves": [list(wave) for wave in core.waves],
        "cleans": [plain(one) for one in core.cleans],
        "change_sets": [_change_set(change_set, core.policy) for change_set in core.change_sets],
        "vschema": [_vschema_step(step, core.policy) for step in core.vschema],
        "carried_out": core.carried_out.value,
        "mixed_windows": [plain(window) for window in mixed_windows(core)],
        "notes": list(plan.meta.notes),
    }


def _change_set(change_set: ChangeSet, policy: Policy) -> Json:
    return {
        "shards": list(change_set.shards),
        "before": change_set.before,
        "after": change_set.after,
        "statements": [_statement(statement, policy) for statement in change_set.statements],
    }


def _vschema_step(step: VSchemaStep, policy: Policy) -> Json:
    return {
        "moment": step.moment.value,
        "before": step.before,
        "after": step.after,
        "document": step.document,
        "changes": [_vschema_change(change, policy) for change in step.changes],
    }


def _vschema_change(change: VSchemaChange, policy: Policy) -> Json:
    hazards = [_hazard(hazard, change.object_id, policy) for hazard in change.hazards]
    return {**plain(change), "what": change_words(change), "hazards": hazards}


def _statement(statement: PlannedStatement, policy: Policy) -> Json:
    return {
        **dict([about(statement.object_id)]),
        "operation": statement.operation.value,
        "sql": statement.sql,
        "foreign_key_checks": statement.session.foreign_key_checks,
        "zero_dates": statement.session.zero_dates,
        "alters_history": statement.session.alters_history,
        "engine": statement.engine,
        "class": words.class_name(statement),
        "algorithm": statement.execution.algorithm,
        "lock": statement.execution.lock,
        "rebuilds": statement.execution.rebuilds,
        "row_ceiling": statement.row_ceiling,
        "hazards": [_hazard(hazard, statement.object_id, policy) for hazard in statement.hazards],
    }


def _hazard(hazard: Hazard, object_id: ObjectId, policy: Policy) -> Json:
    allow = permission_of(object_id, hazard, policy.allow) if hazard.needs_permission else None
    return {
        "kind": hazard.kind.value,
        "object": hazard.object,
        "reason": hazard.reason,
        "destructive": words.is_destructive(hazard),
        "needs_permission": hazard.needs_permission,
        "allowed_because": allow.reason if allow else None,
    }
