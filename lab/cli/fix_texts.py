"""The library's results as lines of plain text, fit to be piped on; loads no rich."""

from collections.abc import Iterator, Sequence

from lab.operations.catalog import BrokenFix, FixDetails
from lab.operations.fixes import Changed, Recovered

PAST = {"apply": "Applied", "revert": "Reverted"}


def shown(fix: FixDetails) -> Iterator[str]:
    yield from (f"{fix.number} {fix.slug}: {fix.title}", f"{fix.difficulty}, {fix.area}", "", fix.symptom, "")
    yield from (f"Hint {at}: {hint}" for at, hint in enumerate(fix.hints, 1))
    yield from ("", f"Changes {', '.join(fix.files)}.")
    if fix.objects:
        yield f"Makes {', '.join(fix.objects)}."
    if fix.requires:
        yield f"Requires {named(fix.requires)}."
    yield "See it with --diff, --sql and --guide."


def parts(fix: FixDetails, *, diff: bool, sql: bool, guide: bool) -> Iterator[str]:
    """Those that were asked for."""
    if diff:
        yield fix.diff.rstrip("\n")
    if sql:
        yield f"-- lab fix apply {fix.number}\n{fix.upgrade_sql}"
        yield f"-- lab fix revert {fix.number}\n{fix.downgrade_sql}".rstrip("\n")
    if guide:
        yield fix.guide.rstrip("\n")


def changed(done: Changed) -> Iterator[str]:
    if done.dry_run:
        yield from (text.rstrip("\n") for text in (done.diff, done.sql) if text)
    if done.recovered:
        yield f"An interrupted change was taken back: {named(done.recovered)} was not applied."
    if done.fixes and done.dry_run:
        yield f"Would {done.verb} {named(done.fixes)}. Nothing was changed."
    elif done.fixes:
        yield f"{PAST[done.verb]} {named(done.fixes)} in {done.seconds:.2f} s."
    if done.unchanged:
        standing = "applied already" if done.verb == "apply" else "not applied"
        yield f"{named(done.unchanged, 'Fix')} {'is' if len(done.unchanged) == 1 else 'are'} {standing}."
    if done.restarted:
        yield f"Restarted {', '.join(done.restarted)}."


def recovered(done: Recovered) -> Iterator[str]:
    if done.fixes:
        yield f"Took back {named(done.fixes)}: not applied now."
    for left in done.left:
        yield f"Fix {left.number} is left as it is: {'; '.join(left.why)}."
        yield f"  To take it back whoever made it: lab fix recover {left.number}"
    if done.restarted:
        yield f"Restarted {', '.join(done.restarted)}."
    if not done.fixes and not done.left:
        yield "There was nothing to take back."


def begun(made: BrokenFix) -> Iterator[str]:
    yield f"Made {made.folder}. It can be used when these are mended:"
    yield from (f"  {problem}" for problem in made.problems)


def named(numbers: Sequence[int], word: str = "fix") -> str:
    return f"{word}{'es' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
