"""Programs that are fetched for this machine, with what its own package manager serves."""
