"""The proof: every statement is run on scratch copies of what it will meet, and read back.

Top down: `prove` (a whole change set) > `part` (what hangs together by foreign keys) > `chain` (the
statements of a part, on one copy after the other) > `search` (in which class a server runs an
ALTER) > `copies` (scratch databases in a known state).
"""
