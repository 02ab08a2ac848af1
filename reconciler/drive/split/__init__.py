"""One tick of a split: the next action is decided, carried out over the ports, and asked again."""
