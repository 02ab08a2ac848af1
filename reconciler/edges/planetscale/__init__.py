"""PlanetScale over its API.

Rule: whatever is not a clear and whole answer is an error (PS-1). Only reading is repeated.
Made from the published reference, and tried on a double of it (decision 39): never on the service.
"""
