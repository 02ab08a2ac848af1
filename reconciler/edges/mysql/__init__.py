"""The fleet's servers, as they are reached: MySQL 8.0 to 9.7 and MariaDB 10.6 to 11.8.

Everything here answers a port of `reconciler.ports`. Rules: no message names a host, an account or
a password (`problems`); one function says how a session is set (`session_settings`); one piece of
code reads definitions, live and in scratch (`reading`).
"""
