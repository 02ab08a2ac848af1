"""Git's definition files: one CREATE TABLE each, with its annotations and the places in it."""
