"""Debugging exercises on a real PostgreSQL database. Importing this package has no side effects."""

__version__ = "0.1.0"
