"""The jobs of a forge's continuous integration, as far as they decide anything."""
