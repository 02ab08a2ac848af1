"""Is it good schema: rules about definitions that work, and that somebody will be sorry for."""
