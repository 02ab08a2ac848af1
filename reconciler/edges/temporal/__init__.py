"""Rollouts over regions, kept by Temporal: the only room that knows its library."""
