"""Rollouts over regions on a real Temporal server."""
