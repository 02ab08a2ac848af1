"""The servers of a split, by SQL alone: where rows come from, and where they go."""
