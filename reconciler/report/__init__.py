"""Values to text, Markdown and JSON: no decisions, no input or output."""
