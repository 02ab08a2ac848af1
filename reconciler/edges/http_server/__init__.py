"""A server of HTTP for a few requests of programs, bounded in everything that a client decides."""
