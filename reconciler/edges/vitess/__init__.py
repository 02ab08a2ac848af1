"""Vitess as its users have it: what its programs are asked, and where they are found."""
