"""The corpus of migrations that a review is held to: each is described, and the description fits its files.

A folder of `corpus/` is one candidate's work: revisions that follow the shipped head 0002 and join
`migrations/versions`, and where models or other files change too `answer.patch`, a diff in git's form on the
shipped code. Its `expected.toml` says

- `what`: the point of the migration, in a sentence,
- `kind`: "good" has no problem that is not waived, "bad" has at least one,
- `findings`: what a review must find: `id` and `severity` as in `lab/review/findings.toml`, `file`, `line`,
  `how` it is known (measured, or by rule), and `waived` if a comment of the revision waives it,
- `also`: ids that a review may report too without being wrong. A note may be reported anywhere.

`line` is the first line of the statement at fault: the one that works under a lock, not the one that took it.
0 stands for the migration as a whole, where no single statement is at fault: then no line is asked for. A
comment that begins with `# review: ignore[ID] reason`, on the statement's first line or on the line above,
waives finding ID there.
"""

import ast
import tomllib
from pathlib import Path
from typing import Any

from lab.catalog.unified_diff import FileDiff, blob_id, parse
from tests.conftest import PROJECT

CORPUS = Path(__file__).parent / "corpus"
FOLDERS = sorted(path for path in CORPUS.iterdir() if path.is_dir())
VOCABULARY = tomllib.loads((PROJECT / "lab" / "review" / "findings.toml").read_text(encoding="utf-8"))
SEVERITIES = {"note", "advice", "problem"}
FOUND = {"id", "severity", "file", "line", "how"}


def expected(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))


def problems(folder: Path) -> list[str]:
    found = expected(folder).get("findings", [])
    return [one["id"] for one in found if one["severity"] == "problem" and not one.get("waived")]


def patched(folder: Path) -> dict[str, FileDiff]:
    """The files that the folder's patch changes."""
    patch = folder / "answer.patch"
    return {str(one.path): one for one in parse(patch.read_bytes())} if patch.exists() else {}


def starts(source: str) -> set[int]:
    """The lines on which a statement or a waiver begins."""
    statements = {node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)}
    lines = enumerate(source.splitlines(), start=1)
    return statements | {number for number, line in lines if line.lstrip().startswith("# review:")}


def test_the_corpus_is_large_and_has_both_kinds() -> None:
    kinds = [expected(folder)["kind"] for folder in FOLDERS]
    assert len(kinds) >= 40
    assert kinds.count("good") >= 15
    assert kinds.count("bad") >= 15


def test_the_vocabulary_has_a_severity_and_a_sentence_for_each_id() -> None:
    for meaning in VOCABULARY.values():
        assert set(meaning) == {"severity", "meaning"}
        assert meaning["severity"] in SEVERITIES
        assert meaning["meaning"].endswith((".", "?"))


def test_every_problem_is_shown_by_a_migration() -> None:
    shown = {one for folder in FOLDERS for one in problems(folder)}
    assert shown == {name for name, one in VOCABULARY.items() if one["severity"] == "problem"}


def test_a_folder_holds_revisions_a_description_and_at_most_a_patch() -> None:
    for folder in FOLDERS:
        names = {path.name for path in folder.iterdir() if path.name != "__pycache__"}
        revisions = {name for name in names if name.endswith(".py")}
        assert revisions, folder.name
        assert names - revisions - {"answer.patch"} == {"expected.toml"}, folder.name
        for name in revisions:
            body = ast.parse((folder / name).read_text(encoding="utf-8")).body
            assert {"upgrade", "downgrade"} <= {
                one.name for one in body if isinstance(one, ast.FunctionDef)
            }, folder.name


def test_a_description_has_its_keys_and_the_words_of_the_vocabulary() -> None:
    for folder in FOLDERS:
        described = expected(folder)
        assert {"what", "kind"} <= set(described) <= {"what", "kind", "findings", "also"}, folder.name
        assert described["what"].endswith("."), folder.name
        assert described["kind"] in {"good", "bad"}, folder.name
        required = {one["id"] for one in described.get("findings", [])}
        assert set(described.get("also", [])) <= set(VOCABULARY) - required, folder.name
        for one in described.get("findings", []):
            assert set(one) - {"waived"} == FOUND, folder.name
            assert one["severity"] == VOCABULARY[one["id"]]["severity"], folder.name
            assert one["how"] in {"measured", "rule"}, folder.name


def test_only_a_bad_migration_has_a_problem() -> None:
    for folder in FOLDERS:
        assert bool(problems(folder)) == (expected(folder)["kind"] == "bad"), folder.name


def test_a_finding_is_in_a_file_and_at_the_start_of_a_statement() -> None:
    for folder in FOLDERS:
        for one in expected(folder).get("findings", []):
            if one["file"] in patched(folder):
                assert one["line"] == 0, folder.name
            else:
                source = (folder / one["file"]).read_text(encoding="utf-8")
                assert one["line"] in {0} | starts(source), folder.name


def test_a_waived_finding_has_its_waiver() -> None:
    for folder in FOLDERS:
        for one in expected(folder).get("findings", []):
            if one.get("waived"):
                lines = (folder / one["file"]).read_text(encoding="utf-8").splitlines()
                above, line = lines[one["line"] - 2 : one["line"]]
                assert f"# review: ignore[{one['id']}]" in above + line, folder.name


def test_a_patch_fits_the_code_as_shipped() -> None:
    for folder in FOLDERS:
        for path, diff in patched(folder).items():
            shipped = (PROJECT / path).read_bytes()
            assert diff.old_blob == blob_id(shipped), folder.name
            ast.parse(diff.apply(shipped))
