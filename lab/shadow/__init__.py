"""A temporary copy of the lab to measure in: its database, code and services exist for one `with` block."""

from lab.shadow.leftovers import remove_leftovers
from lab.shadow.scratch import Scratch, scratch
from lab.shadow.shadow import Shadow, Source, shadow

__all__ = ["Scratch", "Shadow", "Source", "remove_leftovers", "scratch", "shadow"]
