"""The claims of the documents that a program can check: commands, links, words, dependencies, hooks."""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from lab.cli.main import cli
from lab.shell import run

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    path.relative_to(PROJECT)
    for path in (*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md"), PROJECT / "fixes" / "README.md")
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
MODULE = re.compile(r'^```python\n(""".*?)^```', re.MULTILINE | re.DOTALL)
RUFF = Path(sys.executable).with_name("ruff")
EXTERNAL = ("https://", "http://", "mailto:")


def commands(group: click.Group, path: tuple[str, ...] = ("lab",)) -> Iterator[tuple[str, click.Command]]:
    """Every command that can be run, with its full name; a group is not one."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def table(document: str, heading: str) -> list[list[str]]:
    """The cells of each row of the first table below a heading, without the head of the table."""
    text = (PROJECT / document).read_text(encoding="utf-8")
    found = re.search(rf"^## {heading}\n(?:(?![|#]).*\n)*\|.*\n\|[- |]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found, f"{document} has no table below {heading!r}"
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found[1].splitlines()]


def first_cells(pattern: str, document: str, heading: str) -> set[str]:
    """What the pattern's group finds in the first cell of each row, which it must match."""
    cells = [row[0] for row in table(document, heading)]
    matches = {cell: re.match(pattern, cell) for cell in cells}
    assert [cell for cell, match in matches.items() if match is None] == []
    return {match[1] for match in matches.values() if match is not None}


def anchors(text: str) -> set[str]:
    """The names by which the headings of a document can be linked to."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def requirement_names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("name", dict(commands(cli)))
def test_every_command_has_help_with_an_example_of_itself(name: str) -> None:
    text = dict(commands(cli))[name].help or ""
    assert text.partition("\n")[0].endswith(".")
    example = text.partition("Example: ")[2]
    assert re.search(rf"\b{re.escape(name)}\b", example), f"{name} --help shows no example of {name}"


@pytest.mark.parametrize("group", [[], ["fix"]], ids=str)
def test_the_help_of_a_group_cuts_no_summary_of_a_command(group: list[str]) -> None:
    listed = (
        CliRunner().invoke(cli, [*group, "--help"], terminal_width=80).output.partition("\nCommands:\n")[2]
    )
    assert len(listed.splitlines()) > 5
    assert [line for line in listed.splitlines() if line.endswith("...")] == []


@pytest.mark.parametrize("name", dict(commands(cli)))
def test_the_help_of_a_command_names_one_default_for_an_option_and_no_empty_one(name: str) -> None:
    command = dict(commands(cli))[name]
    context = click.Context(command, show_default=True)
    helps = [record[1] for one in command.params if (record := one.get_help_record(context))]
    assert [text for text in helps if text.count("[default: ") > 1 or '[default: ""]' in text] == []


def test_the_command_table_of_the_readme_names_every_command_and_no_other() -> None:
    named = first_cells(r"`(lab(?: [a-z]+)+)", "README.md", "Commands")
    assert named == dict(commands(cli)).keys()


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_relative_link_leads_to_a_file_and_a_heading_of_it(document: Path) -> None:
    here = PROJECT / document
    broken = []
    for target in LINK.findall(FENCED.sub("", here.read_text(encoding="utf-8"))):
        if target.startswith(EXTERNAL):
            continue
        name, _, anchor = target.partition("#")
        file = (here.parent / name).resolve() if name else here
        leads = file.exists() and file.is_relative_to(PROJECT)
        if not leads or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


EXAMPLES = {
    f"{document}, {number}": example
    for document in DOCUMENTS
    for number, example in enumerate(MODULE.findall((PROJECT / document).read_text(encoding="utf-8")), 1)
}
"""The examples in the documents that are whole modules."""


def test_there_is_an_example_that_is_a_whole_module() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_that_is_a_whole_module_uses_no_name_that_it_lacks(name: str) -> None:
    found = run([RUFF, "check", "--isolated", "--select", "F", "-"], stdin=EXAMPLES[name].encode())
    assert found.code == 0, found.stdout.decode()


def test_the_glossary_is_alphabetical_and_names_no_word_twice() -> None:
    text = (PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\*\*(.+?)\*\*: ", text, re.MULTILINE)
    assert len(words) > 25
    assert words == sorted(set(words), key=str.lower)


def test_every_decision_is_listed_and_has_the_three_parts() -> None:
    folder = PROJECT / "docs" / "decisions"
    records = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert [path.name[:4] for path in records] == [f"{n:04}" for n in range(1, len(records) + 1)]
    index = (folder / "README.md").read_text(encoding="utf-8")
    for path in records:
        text = path.read_text(encoding="utf-8")
        number, _, title = text.partition("\n")[0].removeprefix("# ").partition(": ")
        assert f"| [{number}]({path.name}) | {title} |" in index
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_every_dependency_has_its_reason_in_contributing() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    wanted = requirement_names(project["build-system"]["requires"])
    wanted |= requirement_names(project["project"]["dependencies"]).union(*map(requirement_names, extras))
    rows = table("CONTRIBUTING.md", "Why these libraries")
    reasons = {name.strip().lower(): why for names, why in rows for name in names.split(",")}
    assert sorted(wanted - reasons.keys()) == []
    assert all(reasons.values())


def test_the_make_commands_that_contributing_names_exist() -> None:
    targets = set(
        re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = first_cells(r"`make ([a-z-]+)`", "CONTRIBUTING.md", "The gate")
    assert named <= targets
    hooks = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0][
        "hooks"
    ]
    assert {hook["entry"] for hook in hooks} <= {f"make {target}" for target in targets}


def test_the_licence_file_is_that_of_the_metadata() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    (name,) = project["license-files"]
    text = (PROJECT / name).read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004\n" in text
    assert "Copyright 2026 the lab contributors" in text
