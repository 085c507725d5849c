"""A temporary copy of the lab to measure in: its database, code and services exist for one `with` block."""
