"""Which engine carries out a statement: what the spec wants, and what each engine can take.

One file for each engine says what it cannot do, and why. What the server does by moving metadata
alone is always left to the server.
"""
