"""Submissions that try to gain what a candidate's code must not have, and what they must not gain."""
