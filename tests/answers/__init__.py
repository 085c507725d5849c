"""Answers that people write, right and wrong, each judged by the probe of its bug."""
