"""Rollouts over real servers with everything going wrong at random moments; see `__main__`."""
