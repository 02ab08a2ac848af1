"""Split jobs and routes in the ledger: `jobs` and `routes` are the ways in."""
