"""What SARIF says of a rule itself, once for all that is found by it (3.49)."""

from __future__ import annotations

from typing import Any

from reconciler.lint.model import Rule, Severity
from reconciler.lint.rules import BY_NAME
from reconciler.model.policy import HazardKind
from reconciler.model.shadow_tables import ShadowMark
from reconciler.outcomes.drift import ShardMark
from reconciler.report.drift_words import MEANINGS, SHADOW_MEANINGS
from reconciler.report.findings import LEVELS, Level

_LINT = (
    "How much a rule weighs, and what it lets be, is under `lint` in the spec; see docs/lint.md."
)
_HAZARD = "`policy.allow` in the spec permits it, with a reason; docs/hazards.md says of each why."
_DRIFT = "`reconciler drift` shows what differs, and the statements that would bring live back."
_OTHER = "Each finding says what to do next; docs/errors.md says what every code means."
_MARKS = {str(mark): words for mark, words in MEANINGS.items()} | {
    str(mark): words for mark, words in SHADOW_MEANINGS.items()
}
_WARNED = {
    str(mark)
    for mark in (
        ShardMark.PENDING_APPLY,
        ShardMark.QUARANTINED,
        ShadowMark.LEFTOVER,
        ShadowMark.IN_PROGRESS,
        ShadowMark.KEPT,
    )
}


def sarif_rule(code: str) -> dict[str, Any]:
    """The level is what it has where the spec says nothing; a result's own level is what counts."""
    title = code.replace("-", " ").capitalize()
    full, more, settled = _about(code)
    full = f"{full[0].upper()}{full[1:]}."
    return {
        "id": code,
        "shortDescription": {"text": title},
        "fullDescription": {"text": full},
        "help": {
            "text": f"{full} {more}".replace("`", ""),
            "markdown": f"**{title}** (`{code}`)\n\n{full}\n\n{more}",
        },
        "defaultConfiguration": settled,
    }


def _about(code: str) -> tuple[str, str, dict[str, Any]]:
    if rule := BY_NAME.get(code):
        return rule.reason, _LINT, _settled(rule)
    if code in _MARKS:
        level = Level.WARNING if code in _WARNED else Level.ERROR
        return _MARKS[code], _DRIFT, {"level": level.value}
    if code in set(HazardKind):
        about = "a statement of the plan may hurt in this way"
        return about, _HAZARD, {"level": Level.ERROR.value}
    return "it keeps the command from going on as asked", _OTHER, {"level": Level.ERROR.value}


def _settled(rule: Rule) -> dict[str, Any]:
    if rule.severity is not Severity.OFF:
        return {"level": LEVELS[rule.severity].value}
    return {"enabled": False, "level": LEVELS[rule.new or Severity.WARNING].value}
