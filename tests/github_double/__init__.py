"""A GitHub of one's own: a real git repository behind the part of the API that reconciler uses.

It is told what people do (push, open, review, merge) and answers as GitHub would; `faults` make it
fail as GitHub can.
"""
