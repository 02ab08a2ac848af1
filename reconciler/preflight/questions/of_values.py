"""One way in which a value may not fit its new type."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.preflight.model import Effect, OnWarning, QuestionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """`sql` is true for such a row; `effect` None: what an unfit value leads to under the server's
    mode."""

    kind: QuestionKind
    what: str
    sql: str
    effect: Effect | None = None
    on_warning: OnWarning = OnWarning.NOTHING
