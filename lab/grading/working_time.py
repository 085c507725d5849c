"""How long the work on a submission took, by what the candidate's own records say."""

from collections.abc import Sequence

from lab.git import Commit
from lab.timeline import Command


def working_time(commands: Sequence[Command], commits: Sequence[Commit]) -> float | None:
    """Return the seconds from the first to the last of them; None if there are none.

    The records are the candidate's: they can be wrong, and are shown to a person, never judged.
    """
    moments = [one.at for one in commands] + [one.at for one in commits]
    return round(max(moments) - min(moments), 1) if moments else None
