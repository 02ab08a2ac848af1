"""Whole operations; each reads like the diagram in ARCHITECTURE.md."""
