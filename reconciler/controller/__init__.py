"""What a controller does next, decided from values alone."""
