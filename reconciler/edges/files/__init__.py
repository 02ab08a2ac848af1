"""The user's repository: its working tree, the trees of its commits, and its history."""
