"""Programs of engines, run for real."""
