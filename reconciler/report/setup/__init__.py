"""What a repository on GitHub needs besides its specs: workflows, owners, a list of settings."""
