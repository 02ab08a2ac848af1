"""What is there and what is wanted: the fleet and git's files as schemas that can be compared."""
