"""A plan taken to production by PlanetScale: what an apply does where it sends no statement."""
