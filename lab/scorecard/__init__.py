"""The card of one submission: what was measured, beside what a person judges."""
