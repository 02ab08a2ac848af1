"""The parts of a table as SQL: one module for each noun of the model."""
