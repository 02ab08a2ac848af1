"""MySQL text and the model: reading definitions strictly, rendering them, taking noise out."""
