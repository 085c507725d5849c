"""The query parameters of an operation are read from an OpenAPI file that its author may have damaged."""

import pytest

from lab.probing.parameters import Parameter, query_parameters
from tests.conftest import PROJECT

DOCUMENT = b"""
openapi: 3.1.0
paths:
  /things/{id}: {get: {parameters: [{name: other, in: query}]}}
  /things:
    parameters:
      - {$ref: "#/components/parameters/Window"}
    get:
      parameters:
        - {name: page, in: query, schema: {type: integer}}
        - {name: X-Page, in: header, schema: {type: integer}}
        - {name: since, in: query, schema: {$ref: "#/components/schemas/Moment"}}
        - {name: until, in: query, schema: {type: [string, "null"], format: date-time}}
        - {name: plain, in: query}
components:
  parameters:
    Window: {name: window, in: query, schema: {type: string}}
  schemas:
    Moment: {$ref: "#/components/schemas/Text"}
    Text: {type: string}
"""


def test_parameters_of_the_path_and_of_the_operation_are_found() -> None:
    assert query_parameters(DOCUMENT, "/things") == (
        Parameter("window", "string"),
        Parameter("page", "integer"),
        Parameter("since", "string"),
        Parameter("until", "string"),
        Parameter("plain", ""),
    )


def test_the_shipped_file_is_understood() -> None:
    document = (PROJECT / "app" / "device_service" / "openapi.yaml").read_bytes()
    search = query_parameters(document, "/execution-logs/search")
    assert [one.name for one in search] == ["start", "end", "device_id"]
    assert query_parameters(document, "/execution-logs") == ()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[",
        b"\xff\xfe\x00",
        b"paths: []",
        b"paths: {/things: {get: 1}}",
        b"paths: {/things: {get: {parameters: {a: b}}}}",
        b"paths: {/things: {get: {parameters: [a, [b], {name: [x], in: query}, {in: query}]}}}",
        b'paths: {/things: {get: {parameters: [{$ref: "#/a"}]}}}\na: {$ref: "#/a"}',
        b'paths: {/things: {get: {parameters: [{$ref: "https://example.com/a"}]}}}',
        b"paths: &a {/things: *a}",
        b"paths: {? [a] : b}",
        b"[" * 5000,
        b"a: " + b"x" * 2_000_000,
    ],
)
def test_a_damaged_file_has_no_parameters(document: bytes) -> None:
    assert query_parameters(document, "/things") == ()
