"""`run`: one loop that watches what is merged and has the other flows carry it out."""
