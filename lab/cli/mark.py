"""The command `lab card mark`."""

from pathlib import Path

import click

from lab.cli import output
from lab.cli.command import json_option
from lab.operations import find_library


@click.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.argument("line", metavar="[LINE", required=False)
@click.argument("grade", metavar="[MARK]]", required=False)
@click.option("--name", required=True, help="Your name: whose marks these are.")
@click.option("--note", help="What you saw, for the line: a second person should be able to verify it.")
@click.option("--sign", is_flag=True, help="Sign your marks. Then you see those of others who signed.")
@click.option("--page", is_flag=True, help="Serve a page with a form to this machine only, until Ctrl-C.")
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the card's page with the marks that you see.",
)
@json_option
@click.pass_context
def mark(
    context: click.Context,
    folder: Path,
    line: str | None,
    grade: str | None,
    name: str,
    note: str | None,
    sign: bool,
    page: bool,
    file: Path | None,
    as_json: bool,
) -> None:
    """Mark the card in FOLDER by the rubric, or show its lines.

    Without LINE, each line is shown with its anchors, the measured evidence, and your marks. MARK is poor,
    mixed, good or excellent; none clears one. You see no mark of another person until you have signed. A
    change after that is possible, and stays visible as one. Every change is kept in marks.jsonl, as a chain
    of hashes. card.html has no marks, for those who have yet to mark; --output writes one that has.

    Exit codes: 2 there is no card, no such line or no such mark, 3 the card was not graded, has another
    rubric, a broken history or marks that were changed meanwhile, or it was forgotten.

    Example: lab card mark cards/ada --name Grace approach good --note "Read the log first, three times."
    """
    from lab.cli import mark_views
    from lab.operations import mark as operation

    library = find_library(context.find_root().params.get("library"))
    if page:
        if line or note is not None or sign or file or as_json:
            raise click.UsageError("--page takes no LINE and no other option but --name.")
        from lab.operations import mark_page

        with mark_page.serving(folder, library, name) as server:
            output.message("The page for your marks, until Ctrl-C. Its link is a key: keep it to yourself.")
            output.line(server.url, flush=True)
            server.run()
        return
    if note is not None and line is None:
        raise click.UsageError("--note needs a LINE.")
    if file is not None:
        if line or note is not None or sign:
            raise click.UsageError(
                "--output writes the marks as they are: leave out LINE, --note and --sign."
            )
        from lab.operations.marked_page import write_marked_page

        found = write_marked_page(folder, library, name, file)
        output.result(found, as_json, lambda _: [f"Wrote {file}."])
        return
    if line is None and not sign:
        output.result(operation.marking(folder, library, name), as_json, mark_views.marking)
        return
    changes = [] if line is None else [operation.Change(line, grade, note)]
    if line is not None and grade is None and note is None:
        raise click.UsageError(f"Name a MARK for {line}, or give a --note.")
    saved = operation.save(folder, library, name, changes, sign=sign)
    output.result(saved, as_json, mark_views.saved)
