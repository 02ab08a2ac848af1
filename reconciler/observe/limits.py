"""Bounds of `observe/`, each with its unit and the reason for its value."""

# A disk, a rack or a host is replaced within a quarter; who needs longer says so again, and that is
# reviewed.
QUARANTINE_DAYS_MAX = 90
