"""Scripts are sent with the values of this run, and a service that does not answer cannot hold them up."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from lab.probing.contract.player import MOST_BYTES, MOST_UNANSWERED, NOT_JSON, Player
from lab.probing.contract.script import Call, Script, Task

KINDS = {
    "/plain": "text/html",
    "/jsonx": "application/jsonx",
    "/charset": "application/json; charset=utf-8",
    "/problem": "Application/problem+JSON",
}
"""Content types by path."""


class Echo(BaseHTTPRequestHandler):
    """Answers with the request: its path, and its body as text. Closes the connection of /closed.

    The first GET and the first POST of /late get no answer.
    """

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/closed":
            self.close_connection = True
            return
        if self.path == "/late" and self.command not in self.server.late:  # type: ignore[attr-defined]
            self.server.late.append(self.command)  # type: ignore[attr-defined]
            self.rfile.read(1)  # until the client hangs up
            return
        kind = self.headers.get("Content-Type")
        answer = {"id": 17, "path": self.path, "body": body, "type": kind, "port": self.server.server_port}  # type: ignore[attr-defined]
        bodies = {
            "/html": b"<h1>",
            "/deep": b"[" * 200 + b"]" * 200,
            "/long": b'"' + b"x" * MOST_BYTES + b'"',
        }
        text = bodies.get(self.path) or json.dumps(answer).encode()
        self.send_response(201)
        kind = KINDS.get(self.path, "application/json")
        self.send_header("Content-Type", kind)
        self.send_header("Location", "http://host/x/17")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def urls() -> Iterator[list[str]]:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Echo) for _ in range(2)]
    for server in servers:
        server.late = []  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield [f"http://127.0.0.1:{server.server_port}" for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


def call(path: str, method: str = "POST", **options: Any) -> Call:
    return Call("service", f"{method} {path}", path, **options)


def play(urls: list[str], *calls: Call, rows: dict[str, str] | None = None) -> list[Any]:
    (transcript,) = Player({"service": urls}).play([Task(Script("script", calls), rows or {})])
    return [answer.body if answer.status else answer.problem for answer in transcript]


def test_names_have_the_values_of_rows_and_of_earlier_answers(urls: list[str]) -> None:
    first = call("/things/{d1}", saves={"id": "thing"})
    second = call("/things/{thing}/{unknown}", query=(("of", "{d1}"),), body={"list": ["{thing}", 3]})
    one, two = play(urls[:1], first, second, rows={"d1": "a/b c"})
    assert one["path"] == "/things/a%2Fb%20c"
    assert two["path"] == "/things/17/0?of=a%2Fb+c"
    assert json.loads(two["body"]) == {"list": ["17", 3]}


def test_a_raw_body_is_sent_as_it_is(urls: list[str]) -> None:
    (found,) = play(urls[:1], call("/", raw="{", content_type="text/plain"))
    assert (found["body"], found["type"]) == ("{", "text/plain")


def test_requests_go_to_each_instance_in_turn(urls: list[str]) -> None:
    scripts = [Script("script", (call("/a"), call("/b"), call("/c")))] * 2
    found = Player({"service": urls}).play([Task(one, {}) for one in scripts])
    first, second = ([answer.body["port"] for answer in transcript] for transcript in found)
    assert first[0] == first[2] != first[1]
    assert second == [first[1], first[0], first[1]]


def test_an_answer_that_is_not_json_is_told_as_such(urls: list[str]) -> None:
    calls = [call(path) for path in ("/html", "/plain", "/jsonx", "/deep", "/long")]
    types = ("application/json", "text/html", "application/jsonx", "application/json", "application/json")
    assert play(urls[:1], *calls) == [f"({media_type}, {NOT_JSON})" for media_type in types]


def test_json_has_any_of_its_content_types(urls: list[str]) -> None:
    for found in play(urls[:1], call("/charset"), call("/problem")):
        assert found["id"] == 17


def test_scripts_that_are_alone_are_sent_first(urls: list[str]) -> None:
    tasks = [Task(Script(str(n), (call("/"),), alone=n == 3), {}) for n in range(4)]
    found = Player({"service": urls[:1]}).play(tasks)
    assert min(found, key=lambda transcript: transcript[0].sent) == found[3]


def test_after_so_many_requests_without_an_answer_no_more_are_sent(urls: list[str]) -> None:
    found = play(urls[:1], *[call("/closed")] * (MOST_UNANSWERED + 2))
    assert "was closed" in found[MOST_UNANSWERED - 1]
    assert all("not sent" in one for one in found[MOST_UNANSWERED:])


def test_a_get_that_takes_too_long_is_sent_once_more_and_a_post_is_not(urls: list[str]) -> None:
    """What is answered at the second try counts as answered: the last request is sent."""
    closed = [call("/closed")] * (MOST_UNANSWERED - 2)
    calls = (call("/late", "GET"), call("/late"), *closed, call("/"))
    (transcript,) = Player({"service": urls[:1]}, timeout=1.0).play([Task(Script("late", calls), {})])
    assert [one.status for one in transcript] == [201, None, *[None for _ in closed], 201]
