"""Shards replaced by others: a move planned, verified, carried out."""
