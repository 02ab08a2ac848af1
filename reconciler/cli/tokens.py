"""Tokens that somebody else writes into a file, and renews there."""

from __future__ import annotations

from pathlib import Path


def token_in(file: Path) -> str | None:
    """The one word in it; None while it holds something else, or cannot be read."""
    try:
        return as_token(file.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError):
        return None


def as_token(text: str) -> str | None:
    """What can be sent as one; None for anything else."""
    token = text.strip()
    is_one = token.isascii() and token.isprintable() and " " not in token
    return token if token and is_one else None


def as_signing_secret(text: str) -> str | None:
    """What somebody signs with, and nobody sends: also several words. None for what cannot be
    typed, and for nothing."""
    secret = text.strip()
    return secret if secret and secret.isprintable() else None
