import ast
from pathlib import PurePosixPath

import pytest

from tests.mutants.excluded import reason
from tests.mutants.source import Source


def reasons(text: str, file: str = "app/common/a.py") -> set[str | None]:
    """The reasons for the nodes of a text whose source is `7` or "mark"."""
    source = Source(text)
    nodes = [
        one for one in ast.walk(source.tree) if isinstance(one, ast.Constant) and one.value in (7, "mark")
    ]
    assert nodes
    return {reason(source, one, PurePosixPath(file)) for one in nodes}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('"mark"', "a docstring"),
        ("def f(a: Literal['mark']) -> None: ...", "a type"),
        ("def f() -> Literal['mark']: ...", "a type"),
        ('a = f"{b[7]}"', "a part of an f-string: before Python 3.12, it has no exact position"),
        ('a = {"mark": b}', "a member's name: a renamed member is a lost one"),
        ("@dataclass(a=7)\nclass B: ...", "how a class is made, not what it does"),
        ('raise errors.Conflict("mark")', "the words of an error"),
        ('return_ = jsonify(error="mark")', "the words of an error"),
        ('a = params.path_id(b, "mark", 50)', "the words of an error"),
        ('_LOG.info("mark")', "only for the log"),
        ('current_app.logger.info("mark", b)', "only for the log"),
        ("def _log_request(): return 7", "only for the log"),
        ('__table_args__ = (Index("mark"),)', "only for migrations"),
        ("a = mapped_column(sa.String(7))", "only for migrations"),
        ("a = mapped_column(server_default='mark')", "only for migrations"),
        ('_TRUE = frozenset({"mark"})', "only for the echo of SQL"),
        ("if os.environ.get('SQLALCHEMY_ECHO'): a(7)", "only for the echo of SQL"),
    ],
)
def test_what_no_client_sees_is_no_place(text: str, why: str) -> None:
    assert reasons(text) == {why}


@pytest.mark.parametrize(
    "text",
    [
        'a = {"b": "mark"}',
        "raise errors.ApiError(words, 7)",
        'a = params.text(body, "mark", 50)',
        "a = params.path_id(b, kind, 7)",
        "def f(a=7): ...",
        "a: int = 7",
    ],
)
def test_what_a_client_may_see_is_a_place(text: str) -> None:
    assert reasons(text) == {None}


def test_only_in_the_server_the_end_of_a_service_is_no_place() -> None:
    text = "def _finish(): a(7)"
    assert reasons(text, "app/common/serve.py") == {"only for the end of a service"}
    assert reasons(text, "app/common/errors.py") == {None}


def test_a_server_default_is_a_place_but_not_its_value() -> None:
    source = Source('a = mapped_column(server_default="b")')
    call = source.tree.body[0].value
    assert reason(source, call, PurePosixPath("app/a.py")) is None
    assert reason(source, call.keywords[0].value, PurePosixPath("app/a.py")) == "only for migrations"
