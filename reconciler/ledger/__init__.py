"""What an apply recorded: entry types and the state they add up to."""
