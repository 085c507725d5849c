"""A throw-away copy of the lab to measure in: database, code and services, gone when the block ends."""

from lab.shadow.leftovers import sweep
from lab.shadow.schema_text import schema_text
from lab.shadow.scratch import Scratch, scratch
from lab.shadow.shadow import Origin, Shadow, shadow

__all__ = ["Origin", "Scratch", "Shadow", "schema_text", "scratch", "shadow", "sweep"]
