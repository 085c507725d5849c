from typing import Any

import pytest
from flask import Flask

from app.common import errors, params

APP = Flask(__name__)


def json_object(raw: bytes, content_type: str = "application/json") -> dict[str, Any]:
    with APP.test_request_context("/", method="POST", data=raw, content_type=content_type):
        return params.json_object()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"7",
        b'{"number": NaN}',
        b'{"number": -Infinity}',
        b'{"number": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b"\xff\xfe{",
        b'{"name": "\xff"}',
    ],
)
def test_a_body_that_is_not_a_json_object_is_a_bad_request(raw: bytes) -> None:
    with pytest.raises(errors.BadRequest):
        json_object(raw)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_another_content_type_is_unsupported(content_type: str) -> None:
    with pytest.raises(errors.ApiError) as raised:
        json_object(b"{}", content_type)
    assert raised.value.status == 415


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
def test_a_json_object_is_parsed(content_type: str) -> None:
    assert json_object(b'{"name": "x"}', content_type) == {"name": "x"}


@pytest.mark.parametrize("value", [None, 7, True, [], {}, "", "four", "a\0b", "\ud800", "a\udfff"])
def test_text_refuses_what_no_column_can_store(value: Any) -> None:
    with pytest.raises(errors.BadRequest, match="name must be"):
        params.text({"name": value}, "name", max_length=3)


@pytest.mark.parametrize("value", ["a", "abc", "äöü", "👍👍👍", " ", "\n"])
def test_text_counts_characters_not_bytes(value: str) -> None:
    assert params.text({"name": value}, "name", max_length=3) == value


@pytest.mark.parametrize("value", [None, True, "1", 1.5, 0, 11, -1, 10**30, 1e300, []])
def test_integer_refuses_other_values_and_numbers_out_of_range(value: Any) -> None:
    with pytest.raises(errors.BadRequest):
        params.integer({"id": value}, "id", 1, 10)


def test_integer_accepts_a_whole_number_written_as_a_float() -> None:
    assert params.integer({"id": 3.0}, "id", 1, 10) == 3
    assert params.integer({"id": 10}, "id", 1, 10) == 10


@pytest.mark.parametrize("value", [None, "other", "", 1, [], {}, ["input"]])
def test_choice_refuses_all_but_the_options(value: Any) -> None:
    with pytest.raises(errors.BadRequest, match="one of input, output"):
        params.choice({"role": value}, "role", ("input", "output"))


@pytest.mark.parametrize("value", [None, {}, "x", [1], [{}, None], [{}, {}, {}]])
def test_objects_refuses_all_but_short_lists_of_objects(value: Any) -> None:
    with pytest.raises(errors.BadRequest):
        params.objects({"steps": value}, "steps", max_items=2)


def test_objects_returns_an_empty_list_by_default() -> None:
    assert params.objects({}, "steps", max_items=2) == []


@pytest.mark.parametrize("value", ["a\0b", "x" * 51])
def test_an_id_that_no_row_can_have_is_not_found(value: str) -> None:
    with pytest.raises(errors.NotFound):
        params.path_id(value, "device", max_length=50)
