"""A temporary copy of the lab to measure in: its database, code and services exist for one `with` block."""

from lab.shadow.leftovers import remove_leftovers
from lab.shadow.scratch import Scratch, scratch
from lab.shadow.shadow import Shadow, Source, shadow
from lab.shadow.spare import Spare, discard, make_spare

__all__ = [
    "Scratch",
    "Shadow",
    "Source",
    "Spare",
    "discard",
    "make_spare",
    "remove_leftovers",
    "scratch",
    "shadow",
]
