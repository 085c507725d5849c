"""The lab: hands-on debugging on a real database. Importing it is light and has no effect."""

__version__ = "0.1.0"
