"""Engines that are programs: found, started, asked, and ended with whoever needs them."""
