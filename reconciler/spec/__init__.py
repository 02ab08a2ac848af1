"""The text of spec files and definition files, checked and turned into values."""
