"""How a judgement about a setting is said."""

from __future__ import annotations

from reconciler.outcomes.doctor import CheckMark, DoctorFinding


def unseen(subject: str, recovery: str) -> DoctorFinding:
    return judged(
        subject=subject,
        holds=None,
        message="the token may not see it",
        recovery=recovery,
    )


def judged(
    *, subject: str, holds: bool | None, message: str, recovery: str, is_advice: bool = False
) -> DoctorFinding:
    """`holds` None: it could not be seen. Of what `is_advice`, a job works without it, less
    safely."""
    if holds is None:
        mark = CheckMark.SKIPPED
    elif holds:
        mark = CheckMark.OK
    else:
        mark = CheckMark.WARNING if is_advice else CheckMark.FAILED
    return DoctorFinding(
        subject=subject, mark=mark, message=message, recovery="" if holds else recovery
    )
