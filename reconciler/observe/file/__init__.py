"""What one region saw of its shards, carried to where the plan over all of them is made."""
