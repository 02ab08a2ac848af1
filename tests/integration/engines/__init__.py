"""Engines on real servers: what each of them is known to do wrong, and that it does not here."""
