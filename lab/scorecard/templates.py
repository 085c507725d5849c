"""Pages from the templates in lab/templates/card: every text is escaped, and the page loads nothing.

A page has one style and no script, and its policy says so: a browser refuses any other.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from lab.library import PACKAGE
from lab.sentences import printable

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context

FOLDER = PACKAGE / "templates" / "card"
STYLE = "style.css"


def render(name: str, values: Mapping[str, object], rules: str = "") -> str:
    """Return the page that the template of this name makes of the values.

    One of them is `size`, whose number `text` is the length to which texts are cut. `rules` are added to the
    style of the page: they are not escaped, so none of them may come from a submission.
    """
    from markupsafe import Markup

    style = f"{(FOLDER / STYLE).read_text(encoding='utf-8')}{rules}"
    style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        environment().get_template(name).render({**values, "style": Markup(style), "style_hash": style_hash})
    )


@cache
def environment() -> "Environment":
    """Return the environment of all templates: texts are escaped, and a value that is missing is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
    from markupsafe import Markup

    def shown(value: object) -> object:
        """Escape what is not printable: it could turn the direction of the text around it."""
        if not isinstance(value, str) or isinstance(value, Markup):
            return value
        return "\n".join(map(printable, value.replace("\r\n", "\n").split("\n")))

    @pass_context
    def cut(context: "Context", text: str) -> str:
        longest: int = context["size"].text
        return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"

    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(cut=cut, moment=moment, duration=_duration)
    return made


def moment(seconds: float) -> str:
    """Return the Unix time as a date and a time of UTC."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return "unknown"


def _duration(seconds: float | None) -> str:
    """Return seconds as text, in milliseconds below one; "not measured" for None."""
    if seconds is None:
        return "not measured"
    return f"{seconds:,.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
