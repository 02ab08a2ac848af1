"""The parts of a rollout for a graph of jobs: each wave as the matrix of a job takes it."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.outcomes.parts import WaveJobs
from reconciler.report.json_values import Json


def matrix_of(waves: Iterable[WaveJobs]) -> dict[str, Json]:
    """By the number of a wave. No plan: '', as an input that was not given."""
    return {
        str(found.wave): {
            "held": found.is_held,
            "parts": [
                {"keyspace": job.keyspace, "region": job.region, "plan": job.plan_id or ""}
                for job in found.jobs
            ],
        }
        for found in waves
    }
