"""Who acted on the forge."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class AccountKind(StrEnum):
    PERSON = "User"
    BOT = "Bot"
    OTHER = "other"  # an organisation, a placeholder: nobody who could have read a plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Compared by `id`: a login can be given up and taken by somebody else."""

    id: int
    login: str = field(compare=False)
    kind: AccountKind = field(compare=False)

    @property
    def is_person(self) -> bool:
        return self.kind is AccountKind.PERSON
