"""What a forge calls the places where jobs of an environment run: there, each has a protection and
secrets of its own. No name of a region holds a `/`, so no two of these are the same."""

from __future__ import annotations


def place_of(environment: str, region: str | None) -> str:
    """Of jobs that work on the environment's shards, or on those of one region alone."""
    return environment if region is None else f"{environment}/region/{region}"


def wave_place(environment: str, wave: int) -> str:
    """What is waited in before a wave: who lets a run in opens its gate."""
    return f"{environment}/wave/{wave}"


def reader_place(environment: str, region: str) -> str:
    """Of jobs that look at a region's shards for a check, with a login that reads."""
    return f"{environment}/reader/{region}"


def checks_place(environment: str) -> str:
    """Of jobs that judge by what regions saw: the keys by which their files are known."""
    return f"{environment}/checks"


def control_place(environment: str) -> str:
    """Of no job at all: its reviewers are who may ask something of a rollout."""
    return f"{environment}/control"
