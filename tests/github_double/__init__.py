"""A GitHub of one's own: a real git repository behind the part of the API that reconciler uses.

It is told what people do (push, open, review, merge) and answers as GitHub would, page by page;
`faults` make it fail as GitHub can. There is no other fake of the forge: every test that needs one
asks this over HTTP, through the very adapter that asks GitHub.
"""
