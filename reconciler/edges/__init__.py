"""The only place the world is touched: servers, files, git, clocks."""
