"""What a spec says of rules: how much each of them weighs, and what is let be, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from reconciler.lint.model import Option, Remark, Rule, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetting:
    """What a spec says of one rule; None: as the rule has it. A severity alone holds for what is
    there and for what is new."""

    severity: Severity | None = None
    new: Severity | None = None
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintException:
    """What a rule finds at `table`, or at its `object`, is meant; both may hold wildcards."""

    rule: str
    table: str
    reason: str
    object: str | None = None

    def covers(self, remark: Remark) -> bool:
        if self.rule != remark.rule or not fnmatchcase(remark.table, self.table):
            return False
        return self.object is None or fnmatchcase(remark.object or "", self.object)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintSettings:
    """`rules` by name; `baseline` is the path of the file that lists what was there when the rules
    came, None: there is none."""

    rules: tuple[tuple[str, RuleSetting], ...] = ()
    allow: tuple[LintException, ...] = ()
    baseline: str | None = None

    def severity(self, rule: Rule, *, new: bool) -> Severity | None:
        """None: the rule weighs what it weighs by itself."""
        said = dict(self.rules).get(rule.name, RuleSetting())
        return said.new if new and said.new is not None else said.severity

    def is_asked(self, rule: Rule) -> bool:
        said = self.severity(rule, new=False)
        return (rule.severity if said is None else said) is not Severity.OFF

    def options(self, rule: Rule) -> Mapping[str, Option]:
        return {**rule.options, **dict(self.rules).get(rule.name, RuleSetting()).options}
