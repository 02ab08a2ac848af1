"""Reasons not to run: pure checks over the plan, the facts and the policy."""
