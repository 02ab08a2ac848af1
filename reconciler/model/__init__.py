"""The product's nouns as immutable values; they know nothing of text, files or servers."""
