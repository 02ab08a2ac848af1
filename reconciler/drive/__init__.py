"""Drives an apply: opens it in the ledger, runs waves of shards, records, answers requests.

`rollout` decides what comes next, and touches nothing; here it is done.
"""
