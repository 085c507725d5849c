"""Dataclasses survive the way to JSON and back; a document of another form is refused."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.json_files import from_json, to_json
from lab.shell import run
from tests.conftest import PROJECT


@dataclass(frozen=True)
class Entry:
    path: Path
    content: bytes
    words: tuple[str, ...] = ()


def test_paths_bytes_and_tuples_are_restored() -> None:
    entry = Entry(Path("a/b"), b"\x00\xff", ("x", "y"))
    assert from_json(to_json(entry), Entry) == entry


def test_unknown_keys_are_ignored_and_missing_ones_get_their_default() -> None:
    assert from_json('{"path": "a", "content": "", "added_later": 1}', Entry) == Entry(Path("a"), b"")


@pytest.mark.parametrize("document", ["", "[]", "{", '{"path": "a"}', '{"path": 1, "content": ""}'])
def test_a_document_of_another_form_is_a_value_error(document: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(document, Entry)


def test_text_that_is_no_valid_unicode_is_restored() -> None:
    entry = Entry(Path("a\udcff"), b"", ("\ud800",))
    assert from_json(to_json(entry).encode(), Entry) == entry


MANY_THREADS = """
import sys, threading
from dataclasses import make_dataclass
from lab.json_files import from_json

def read(kind):
    barrier.wait()
    from_json('{"inner": [{"leaf": {"text": "a", "number": 1}}]}', kind)

sys.setswitchinterval(1e-6)
for _ in range(100):
    leaf = make_dataclass("Leaf", [("text", str), ("number", int)])
    inner = make_dataclass("Inner", [("leaf", leaf), ("others", dict[str, leaf] | None, None)])
    outer = make_dataclass("Outer", [("inner", list[inner]), ("leaves", tuple[leaf, ...], ())])
    barrier = threading.Barrier(8)
    threads = [threading.Thread(target=read, args=(outer,)) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
"""


def test_threads_may_read_documents_of_a_new_form_at_once() -> None:
    """Without the lock the interpreter crashes, at nearly every run."""
    finished = run([sys.executable, "-c", MANY_THREADS], cwd=PROJECT)
    assert (finished.code, finished.stderr) == (0, b"")
