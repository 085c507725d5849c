"""Walls around processes that run untrusted code: what they see, what they may use up, how they are ended.

`found()` says what this machine can do, `Wall` and `Bounds` describe one process, and `walled()` returns the
words to start it with. `run()` starts one, and waits for its end.
"""

from lab.sandbox.command import Walled, own_code, walled
from lab.sandbox.level import Level, Means
from lab.sandbox.one_shot import MemoryTooLarge, OutputTooLarge, run
from lab.sandbox.trial import found, nests
from lab.sandbox.wall import CODE, UNBOUNDED, Bounds, Wall

__all__ = [
    "CODE",
    "UNBOUNDED",
    "Bounds",
    "Level",
    "Means",
    "MemoryTooLarge",
    "OutputTooLarge",
    "Wall",
    "Walled",
    "found",
    "nests",
    "own_code",
    "run",
    "walled",
]
