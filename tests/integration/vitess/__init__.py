"""On a real Vitess cluster: `make test-vitess`."""
