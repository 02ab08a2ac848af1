"""A whole Vitess cluster of our own, on loopback: for the sandbox and for tests."""
