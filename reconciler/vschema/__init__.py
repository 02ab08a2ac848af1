"""A Vitess keyspace's VSchema: read, compared, judged, and held against the tables it speaks of."""
