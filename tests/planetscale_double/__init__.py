"""A PlanetScale of our own, made from the published reference of its API (decision 39): one state
machine, asked in memory by the tests of flows, and over HTTP by those of the adapter."""
