"""Make the bundle of one submission, in a process of its own: what it reads may be hostile."""

import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread

from lab import handouts
from lab.batch.bundle import is_bundle, write_bundle
from lab.errors import INTERRUPTED, LabError, UsageError
from lab.grading.submission import Unusable, name_of, unpack
from lab.handouts import Handout
from lab.json_files import from_json, to_json
from lab.library import Library
from lab.operations.grade_one import WORK, Asked, Digests, card_without_figures, kept_card
from lab.operations.stored_card import write_card
from lab.profile import read_profile
from lab.scorecard.card import SubmissionCard

MODULE = "lab.operations.pack"


@dataclass(frozen=True, slots=True)
class ToPack:
    """A submission, the folder for its card, the root of the library, and the file for the bundle.

    Without `handout`, its record is the one that the submission names. `unwalled` is as in a manifest.
    `again`: also if the folder has the card of the same work.
    """

    source: Path
    folder: Path
    library: Path
    bundle: Path
    handout: Handout | None = None
    unwalled: bool = False
    again: bool = False

    @property
    def words(self) -> list[str]:
        """The command that packs it: what follows `python -m`."""
        return [MODULE, to_json(self, indent=0)]


def pack(wanted: ToPack) -> None:
    """Write the bundle, unless the folder has the card of the same work, made with the same library.

    With `again`, it is written all the same.

    A submission that cannot be graded gets a card that says why, and no bundle.

    Raises:
        UsageError: it is a bundle already, or the work of a handout of which there is no record here, or
            another one is named.
        EnvironmentFault: a file cannot be written, or git is missing.
        InvalidFile: the library's lab.toml cannot be used.
    """
    library = Library(wanted.library)
    work = wanted.folder.resolve() / WORK
    work.mkdir(parents=True, exist_ok=True)
    if is_bundle(wanted.source):
        raise UsageError(f"{wanted.source} was made by --pack.", "Grade it with --one.")
    scratch = Path(mkdtemp(prefix="unpacked-", dir=work))
    try:
        submission = unpack(wanted.source, scratch / "work", read_profile(library.profile).folders)
    except Unusable as error:
        name = SubmissionCard(name_of(wanted.source), "")
        write_card(wanted.folder, card_without_figures(name, Digests.of(library), str(error)))
    else:
        record = _record(submission.root, library, wanted.handout)
        if wanted.again or kept_card(wanted.folder, submission, Asked(library, record)) is None:
            write_bundle(wanted.bundle, submission, library, record, unwalled=wanted.unwalled)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _record(root: Path, library: Library, named: Handout | None) -> Handout | None:
    """Return the record of the work's handout; None if it is the work of none.

    With another record, other bugs would be judged than the candidate was given.
    """
    mark = handouts.mark_of(root)
    if named is not None:
        if mark is not None and mark.id != named.id:
            raise UsageError(f"It is the work of the handout {mark.id}, and --handout names {named.id}.")
        return named
    if mark is None:
        return handouts.handout_in(root, library)
    try:
        return handouts.find(library, mark.id)
    except UsageError as error:
        raise UsageError(
            f"It is the work of a handout, and its record is not in {handouts.folder(library)}.",
            "Name the record, --handout FILE, or the folder of the records of many, LAB_HANDOUTS=DIR.",
        ) from error


def main() -> int:
    """Pack what the argument says. ^C, SIGTERM and the end of the input end it: then the caller has died."""
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        Thread(target=_end_with_input, daemon=True).start()
        pack(from_json(sys.argv[1], ToPack))
    except KeyboardInterrupt:
        return INTERRUPTED
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _end_with_input() -> None:
    if not os.read(sys.stdin.fileno(), 1):
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    raise SystemExit(main())
