"""Proof of review: what git and a forge have on record against what the spec asks for."""
