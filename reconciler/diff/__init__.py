"""From an observed schema to a desired one: the clauses, and the order they must run in."""
