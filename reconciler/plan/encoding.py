"""How the values of plans stand in JSON: strictly read (PL-7), and without the sentences, which
stand beside a core and are bound to it by digest: they are no part of what is hashed.
"""

from __future__ import annotations

from reconciler.model.policy import Hazard
from reconciler.plan.model import PlanMeta
from reconciler.strict_values import StrictValues

_VALUES = StrictValues("a plan", {Hazard: frozenset({"reason"}), PlanMeta: frozenset({"counts"})})

to_json = _VALUES.to_json
from_json = _VALUES.from_json
