"""What the lab costs over the bare work, measured side by side in one run: `make bench`. Never a test."""
