"""The MySQL client as this product uses it: the one way to a server, for shards, scratch, ledger
and sandbox alike.

`wire` is the connection, `login` what it may do with a password, `tls` whom it speaks to.
"""
