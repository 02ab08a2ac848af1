"""The attackers of `docs/threat-model.md`, each against the program as it runs."""
