"""Measure what lab costs compared to the bare work, side by side in one run: `make bench`."""
