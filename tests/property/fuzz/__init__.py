"""Every reader of bytes that somebody else wrote, and bytes that nobody would have written.

A reader takes what it is given or refuses it in words. It never ends in a traceback, never takes
longer than its input is long, and never shows more than a person could read. To add one, make a
`Reader` in a module of this folder and name it in `readers.py`; `test_fuzz.py` then tries it in the
suite, and the command below for as long as you like:

    python -m tests.property.fuzz --seconds 600
    python -m tests.property.fuzz plan-json spec --seed 7
"""
