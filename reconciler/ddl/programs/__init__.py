"""Texts of programs: what servers print of them, and the statements that make them."""
