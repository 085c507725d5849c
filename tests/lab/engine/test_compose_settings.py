"""The same setting is found in whatever form it is written, and one that would stand twice is found too."""

import pytest

from lab.engine.compose_settings import has_same_settings, repeated_by, settings

LIST = b"""\
services:
  web:
    environment:
      - PORT=5000
  worker:
    environment: [PORT=5001]
"""
FIXED = LIST.replace(b"PORT=5000\n", b"PORT=5000\n      - STORE_URL=http://store:80\n")
OTHER_FORMS = (
    b"services:\n  web:\n    environment:\n      STORE_URL: http://store:80\n      PORT: 5000\n",
    b"services:\n  web:\n    environment: [STORE_URL=http://store:80, PORT=5000]\n",
    b'services: {web: {environment: ["STORE_URL=http://store:80"]}}',
    FIXED.replace(b"STORE_URL=http://store:80", b"'STORE_URL=http://store:80' # mine"),
)
NOT_SAME = (
    LIST,
    FIXED.replace(b"store:80", b"localhost:80"),
    LIST.replace(b"[PORT=5001]", b"[STORE_URL=http://store:80]"),
    FIXED.replace(b"  worker", b"    environment: {STORE_URL: 1}\n  worker"),
    FIXED.replace(b"PORT=5000\n", b"PORT=5000\n      - STORE_URL=http://other\n"),
    b"services: [",
    b"\xff",
    b"&a [*a]",
    b"",
)


@pytest.mark.parametrize("text", OTHER_FORMS)
def test_a_setting_is_the_same_in_every_form(text: bytes) -> None:
    assert has_same_settings(text, LIST, FIXED)


@pytest.mark.parametrize("text", NOT_SAME)
def test_another_value_or_place_is_not_the_same(text: bytes) -> None:
    assert not has_same_settings(text, LIST, FIXED)


def test_a_change_of_no_setting_is_never_there() -> None:
    assert not has_same_settings(LIST, LIST, b"# a comment\n" + LIST)


def test_a_setting_that_would_be_there_twice_is_named_with_its_lines() -> None:
    mine = LIST.replace(b"PORT=5000\n", b'PORT=5000\n      - "STORE_URL=http://localhost"\n')
    after = mine.replace(b"PORT=5000\n", b"PORT=5000\n      - STORE_URL=http://store:80\n")
    (found,) = repeated_by(mine, after)
    assert (found.path[-1], found.value, found.first, found.last) == ("STORE_URL", "http://localhost", 5, 5)
    assert repeated_by(LIST, FIXED) == ()
    assert repeated_by(after, after) == ()
    key = b"services: {web: {mem_limit: 1m}}"
    (found,) = repeated_by(key, b"services: {web: {mem_limit: 1m, mem_limit: 2m}}")
    assert found.path == ("services", "web", "mem_limit")


def test_aliases_cannot_make_it_run_for_ever() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    with pytest.raises(ValueError, match="too many"):
        settings(f"a0: &a0 [1]\n{levels}".encode())
