"""A throw-away copy of the lab to measure in: database, code and services, gone when the block ends."""

from lab.shadow.leftovers import sweep
from lab.shadow.shadow import Origin, Shadow, shadow

__all__ = ["Origin", "Shadow", "shadow", "sweep"]
