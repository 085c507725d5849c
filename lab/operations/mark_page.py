"""A page with a form for one rater's marks of one card, for this machine only.

It needs no script. The link holds a random token; Host and Origin are checked on every request.
"""

import hmac
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import EnvironmentFault, LabError
from lab.library import Library
from lab.operations.mark import LONGEST_NOTE, NO_MARK, Change, Marking, marking, save
from lab.scorecard import templates

if TYPE_CHECKING:
    from flask import Flask

ADDRESS = "127.0.0.1"
MOST_BYTES = 512 * 1024
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # With no-referrer, a browser would send a form with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A page that is ready to be served: its link, and the server behind it."""

    url: str
    _server: Any

    def run(self) -> None:
        """Answer requests until ^C."""
        self._server.run()


@contextmanager
def serving(folder: Path, library: Library, name: str) -> Iterator[Server]:
    """Yield the page of this rater for the card in the folder, on a free port. Afterwards, nothing is left.

    Raises as `lab.operations.mark.marking` does, before anything is served.
    EnvironmentFault: no port of this machine can be had.
    """
    from waitress import create_server  # type: ignore[import-untyped]

    rater = marking(folder, library, name).rater
    token = secrets.token_urlsafe(32)
    try:
        listening = socket.create_server((ADDRESS, 0))
    except OSError as error:
        raise EnvironmentFault(f"No port of {ADDRESS} can be opened: {error.strerror}.") from error
    with listening:
        origin = f"http://{ADDRESS}:{listening.getsockname()[1]}"
        app = page(folder, library, rater, origin, token)
        server = create_server(
            app,
            sockets=[listening],
            threads=2,
            ident=None,
            max_request_body_size=MOST_BYTES,
            clear_untrusted_proxy_headers=True,
        )
        try:
            yield Server(f"{origin}/{token}/", server)
        finally:
            with suppress(OSError):
                server.close()


def page(folder: Path, library: Library, name: str, origin: str, token: str) -> "Flask":
    """Return the WSGI application: the form at `/TOKEN/`, for requests to and from this origin only."""
    from flask import Flask, Response, abort, redirect, request
    from werkzeug.exceptions import HTTPException

    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MOST_BYTES, MAX_FORM_MEMORY_SIZE=MOST_BYTES)
    host = origin.removeprefix("http://")

    def form(shown: Marking, problem: str = "", typed: dict[str, Change] | None = None) -> str:
        return (
            templates.environment()
            .get_template("mark.html.j2")
            .render(
                card=shown,
                typed=typed or {},
                problem=problem,
                no_mark=NO_MARK,
                longest=LONGEST_NOTE,
                saved="saved" in request.args,
                signed="" if shown.signed is None else templates.moment(shown.signed),
            )
        )

    @app.before_request
    def check() -> None:
        sent = request.headers.get("Origin")
        is_form = request.method not in ("GET", "HEAD")
        if request.headers.get("Host") != host or (sent != origin if is_form or sent is not None else False):
            abort(403)
        given = (request.view_args or {}).get("token", "")
        if not hmac.compare_digest(given.encode(), token.encode()):
            abort(404)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[str, int, dict[str, str]]:
        return f"{error.name}\n", error.code or 500, {"Content-Type": "text/plain; charset=utf-8"}

    @app.errorhandler(LabError)
    def explain(error: LabError) -> tuple[str, int, dict[str, str]]:
        return f"{error}\n", 409, {"Content-Type": "text/plain; charset=utf-8"}

    @app.get("/<token>/")
    def show(token: str) -> str:
        return form(marking(folder, library, name))

    @app.get("/<token>/mark.css")
    def style(token: str) -> Response:
        return Response((templates.FOLDER / "mark.css").read_text(encoding="utf-8"), mimetype="text/css")

    @app.post("/<token>/")
    def change(token: str) -> Any:
        shown = marking(folder, library, name)
        typed = _typed(request.form, shown)
        do, _, line = request.form.get("do", "").partition(" ")
        try:
            made_from = request.form.get("own", "")
            save(folder, library, name, list(typed.values()), sign=do == "sign", made_from=made_from)
        except LabError as error:
            return form(marking(folder, library, name), str(error), typed), 409
        place = f"#line-{line}" if line in typed else ""
        return redirect(f"/{token}/?saved{place}", 303)

    return app


def _typed(sent: Any, shown: Marking) -> dict[str, Change]:
    """Return what the form says of each line. A line that it lacks stays as it is."""
    return {
        line.id: Change(line.id, sent.get(f"mark:{line.id}"), sent.get(f"note:{line.id}"))
        for line in shown.lines
    }
