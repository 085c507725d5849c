"""Dataclasses survive the way to JSON and back; a document of another form is refused."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.json_files import from_json, to_json


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
