"""The ledger in an SQL database: `sql` is the way in, the other modules are its parts."""
