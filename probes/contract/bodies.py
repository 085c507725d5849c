"""Bodies at the edges of what each route accepts: each sent to rows of its own."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lab.probing.contract.script import Call, Script

from . import routes

TOO_LARGE = 64 * 1024
FAR_TOO_LARGE = 60 * TOO_LARGE
"""Bytes of a body that is received, to be refused in JSON. Of 64 times as many, not all are received."""

WORKFLOW = "33333333-3333-4333-8333-333333333333"
WRONG_TEXTS: tuple[Any, ...] = (None, 1, True, [], {}, "", "\0", "a\0b", "\ud800")
RAW = (
    ("", "application/json"),
    ("{", "application/json"),
    ("null", "application/json"),
    ("[]", "application/json"),
    ('"text"', "application/json"),
    ('{"workflow_id": NaN}', "application/json"),
    ('{"a": 1} x', "application/json"),
    ("{}", "application/json"),
    (json.dumps({"workflow_id": WORKFLOW, "status": "offline"}), "text/plain"),
    (json.dumps({"workflow_id": WORKFLOW, "status": "offline"}), "application/xml"),
    (json.dumps({"workflow_id": WORKFLOW, "status": "offline"}), "application/json; charset=utf-8"),
    (json.dumps({"workflow_id": WORKFLOW, "status": "offline", "more": [1]}), "application/json"),
    (json.dumps({"workflow_id": WORKFLOW, "status": "offline", "more": float("nan")}), "application/json"),
    (json.dumps({"workflow_id": WORKFLOW, "more": "x" * TOO_LARGE}), "application/json"),
)


def body_scripts() -> Iterator[Script]:
    """Yield one script for each body. What it changes shows in the request after it."""
    template = (
        routes.book("{d1}", WORKFLOW),
        routes.release("{d1}", WORKFLOW),
        routes.set_status("{d1}", "offline"),
        routes.join("{d1}", WORKFLOW),
    )
    for call in template:
        for number, (raw, content_type) in enumerate(RAW, start=1):
            changed = replace(call, body=None, raw=raw, content_type=content_type)
            yield _script(f"{call.route}, raw {number}", changed)
        for number, changed in enumerate(_changed(call), start=1):
            yield _script(f"{call.route}, body {number}", changed)
    for size in (TOO_LARGE, TOO_LARGE + 1, FAR_TOO_LARGE):
        call = routes.set_status("{d1}", "offline")
        yield _script(f"{call.route}, {size} bytes", replace(call, body=None, raw=_padded(call.body, size)))
    for path in ("odd-none", "x" * 51, "%00"):
        for call in (
            routes.book(path, WORKFLOW),
            routes.release(path, WORKFLOW),
            routes.set_status(path, "offline"),
            routes.join(path, WORKFLOW),
            routes.cancel(path, "1"),
            routes.cancel("odd-A", path),
        ):
            yield Script(f"{call.route}, unknown", (call,))
    for entry in ("0", "1", "-1", "x", "2147483647", "2147483648", "99999999999999999999", "1.5"):
        yield Script(f"cancel {entry}", (routes.cancel("odd-A", entry),))
    for path in ("none", WORKFLOW, "x" * 36, "x" * 37, "%00"):
        yield Script("start an unknown one", (routes.start(path),))
        yield Script("complete an unknown one", (routes.complete(path),))
    yield from _workflow_scripts()


def _script(name: str, call: Call) -> Script:
    return Script(name, (call, routes.device("{d1}")), ("d1",))


def _padded(body: Any, size: int) -> str:
    """Return the body as JSON of so many bytes: it gets one more member."""
    shortest = json.dumps({**body, "more": ""})
    return shortest.replace('"more": ""', f'"more": "{"x" * (size - len(shortest))}"')


def _changed(call: Call) -> Iterator[Call]:
    """Yield the call with other values of each member, and without it."""
    for member in call.body:
        without = {name: value for name, value in call.body.items() if name != member}
        yield replace(call, body=without or {"more": 1})
        for value in (*WRONG_TEXTS, "x" * 36, "x" * 37, "busy", "available", "maintenance", "AVAILABLE", " "):
            yield replace(call, body={**call.body, member: value})
    if "POST /devices/{device_id}/queue" in call.route:
        for priority in (None, 1, "", "urgent", "HIGH", "high", "normal", "low", ["high"]):
            yield replace(call, body={**call.body, "priority": priority})


def _workflow_scripts() -> Iterator[Script]:
    for number, body in enumerate(_workflows(), start=1):
        call = routes.create(body)
        yield Script(f"workflow {number}", (call, routes.workflow("{workflow}")))
    for number, (raw, content_type) in enumerate(RAW, start=1):
        raw = raw.replace('"workflow_id"', '"device_id": "odd-A", "name"')
        call = replace(routes.create(None), raw=raw, content_type=content_type)
        yield Script(f"workflow, raw {number}", (call,))
    large = {"name": "n", "device_id": "odd-A", "more": "x" * (16 * 1024)}
    yield Script("workflow, large", (routes.create(large),))
    for size in (16 * 1024, 16 * 1024 + 1):
        raw = _padded({"name": "n", "device_id": "odd-A"}, size)
        yield Script(f"workflow of {size} bytes", (replace(routes.create(None), raw=raw),))


def _workflows() -> Iterator[Any]:
    """Yield bodies of a new workflow, right and wrong."""
    right: dict[str, Any] = {
        "name": "Two steps",
        "device_id": "odd-A",
        "steps": [
            {
                "operation": "spin",
                "parameters": {"g": 400, "half": 0.5, "cold": True, "note": None, "t": "ä"},
            },
            {"operation": "wash"},
        ],
        "samples": [{"sample_id": 9003, "role": "output"}, {"sample_id": 9001, "role": "input"}],
    }
    yield right
    yield {"name": "Bare", "device_id": "no.such_device-1"}
    yield {**right, "id": WORKFLOW, "status": "running", "created_at": "2020-01-01T00:00:00Z"}
    for member, values in _values().items():
        for value in values:
            yield {**right, member: value}
    for member in ("name", "device_id", "steps", "samples"):
        yield {name: value for name, value in right.items() if name != member}


def _values() -> dict[str, tuple[Any, ...]]:
    step, sample = {"operation": "spin"}, {"sample_id": 9001, "role": "input"}
    parameters: tuple[Any, ...] = (
        None, [], "x", {str(n): n for n in range(20)}, {str(n): n for n in range(21)}, {"a": []}, {"a": {}},
        {"a": "\0"}, {"\0": 1}, {"": ""}, {"a": 1e300}, {"a": -0.5},
    )  # fmt: skip
    return {
        "name": (*WRONG_TEXTS, "x", "x" * 200, "x" * 201, "ä" * 200),
        "device_id": (
            *WRONG_TEXTS, "x", "x" * 50, "x" * 51, "a/b", "a b", "-a", ".a", "_a", "a.b_c-d", "ä", "a\n",
            "a?b", "A9",
        ),
        "steps": (
            None, {}, "x", [1], [None], [], [step] * 20, [step] * 21, [{}], [{"operation": "x" * 50}],
            [{"operation": "x" * 51}], *([{"operation": value}] for value in WRONG_TEXTS),
            *([{"operation": "spin", "parameters": value}] for value in parameters),
        ),
        "samples": (
            None, {}, "x", [1], [], [sample, sample], [sample, {**sample, "role": "output"}],
            [{"sample_id": n, "role": "control"} for n in range(1, 21)],
            [{"sample_id": n, "role": "control"} for n in range(1, 22)],
            *([{**sample, "role": value}] for value in ("output", "control", "x", "", None, 1, "INPUT")),
            *([{**sample, "sample_id": value}] for value in (
                0, -1, 1, 1.0, 1.5, "1", None, True, 2**31 - 1, 2**31, 8888888, 9002,
            )),
            [{"role": "input"}], [{"sample_id": 9001}], [sample, {"sample_id": 8888888, "role": "input"}],
        ),
    }  # fmt: skip
