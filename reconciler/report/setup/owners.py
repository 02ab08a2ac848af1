"""CODEOWNERS: who owns what decides what runs on shards."""

from __future__ import annotations

from reconciler.report.setup.model import Setup


def code_owners(about: Setup) -> str:
    head = "# Who is asked about what runs on shards. Written by `reconciler ci setup`."
    return "\n".join([head, *owner_lines(about)]) + "\n"


def owner_lines(about: Setup) -> tuple[str, ...]:
    """The last line that matches wins: they stand behind all others."""
    owners = " ".join(about.owners)
    return tuple(f"{path.replace(' ', chr(92) + ' ')} {owners}" for path in about.owned)
