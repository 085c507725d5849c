"""What `handout` prints for people."""

import time
from collections.abc import Iterable, Iterator, Sequence
from shlex import quote

from rich.console import RenderableType

from lab.cli.tables import table
from lab.operations.handout import Handout, MadeHandout


def made(done: MadeHandout) -> Iterator[str]:
    handout = done.handout
    yield f"Made a handout of {done.files} files in {done.root}: {handout.name}, {handout.minutes} minutes."
    built_in = f"; fixed in it: {_numbers(handout.built_in)}" if handout.built_in else ""
    yield f"Its bugs: {_numbers(handout.bugs)}{built_in}."
    yield f"Its id is {handout.id}. Its record is {done.record}."
    if done.archive:
        yield f"To send: {done.archive}. A copy of the record is beside it; keep that one."
        if done.archive.suffix == ".bundle":
            yield f"The candidate clones it: git clone {done.archive.name} {done.archive.stem}"
    yield f"To try it: cd {quote(str(done.root))} && make up"


def listed(found: Sequence[Handout]) -> Iterator[RenderableType]:
    if not found:
        yield "No handout has been made."
        return
    rows = table("ID", "NAME", "BUGS", "MINUTES", "MADE", "GIVEN")
    for one in found:
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.at))
        given = ", ".join(f"{each.kind} {each.bug}" for each in one.given)
        rows.add_row(one.id, one.name, _numbers(one.bugs), str(one.minutes), at, given)
    yield rows


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
