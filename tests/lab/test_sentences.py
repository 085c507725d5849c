"""A text that quotes a sentence does not end in two periods."""

import pytest

from lab.sentences import printable, sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the service ended", "the service ended."),
        ("POST /x answered 400: It is full.", "POST /x answered 400: It is full."),
        ("POST /x answered 400: It is full..", "POST /x answered 400: It is full."),
        ("it wrote 'It is full.'", "it wrote 'It is full.'"),
        ("it wrote 'It is full.'.", "it wrote 'It is full.'"),
        ('it wrote "Is it full?".', 'it wrote "Is it full?"'),
        ("KeyError: 'DEVICE_SERVICE_URL'", "KeyError: 'DEVICE_SERVICE_URL'."),
        ("it was killed (out of memory)", "it was killed (out of memory)."),
        ("Waiting...", "Waiting..."),
        ("Stop!", "Stop!"),
        ("it is full. \n", "it is full."),
        ("version 18.6", "version 18.6."),
        ("", ""),
    ],
)
def test_a_sentence_ends_once(text: str, expected: str) -> None:
    assert sentence(text) == expected
    assert sentence(sentence(text)) == expected


def test_what_could_change_a_terminal_is_escaped() -> None:
    assert printable("a\x1b[31m\u202eb\nü") == "a\\x1b[31m\\u202eb\\nü"
