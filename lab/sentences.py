"""Parts of sentences: a count with its noun, and what quotes an error or the last line of a log."""

import re

END = re.compile(r"[.!?…][\"'”’»)\]]*\Z")
SECOND_PERIOD = re.compile(r"(?<!\.)([.!?…][\"'”’»)\]]*)\.\Z")
"""A period after the end of a sentence. Three periods are an ellipsis."""


def sentence(text: str) -> str:
    """Return the text with one end: a period is added if it has none, and a second one is cut.

    It may end as any sentence does, also within quotes. An empty text stays empty.
    """
    text = SECOND_PERIOD.sub(r"\1", text.rstrip())
    return text if not text or END.search(text) else f"{text}."


def inert(text: str) -> str:
    """Return the text so that it changes no terminal, and is no command in a job of GitHub Actions.

    A command begins with two colons, or has the older form anywhere in a line:
    https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
    """
    return printable(text).replace("##[", "# #[").replace("::", ": :")


def printable(text: str) -> str:
    """Return the text with every character that is not printable escaped: it could change a terminal."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def counted(count: int, noun: str) -> str:
    """Return the count with its noun, which gets an s unless it is 1."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
