"""What a spec says of the gates between waves: whether there are any, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.spec.model import NamedPerson


def gate_of(value: bool | Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a `RolloutSpec`. A gate that is somebody's is one."""
    if isinstance(value, bool):
        return {"gate": value}
    people = tuple(NamedPerson(each["login"], each["id"]) for each in value["by"])
    return {"gate": True, "gate_by": people}
