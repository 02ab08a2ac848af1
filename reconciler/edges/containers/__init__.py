"""Containers for scratch, by whichever runtime a machine has: started, reached, gone afterwards."""
