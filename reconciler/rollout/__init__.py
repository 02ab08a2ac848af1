"""Decides what runs next; never runs anything."""
