"""Parts of sentences: a count with its noun, a word that was meant, what quotes an error or a log."""

import re
from collections.abc import Collection

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


def closest(word: str, known: Collection[str]) -> str:
    """Return the one of the known words that was probably meant; empty if none is near."""
    from difflib import get_close_matches  # slow to import, and needed for few messages

    return next(iter(get_close_matches(word, known, 1)), "")


def unknown_key(key: str, known: Collection[str]) -> str:
    """Return what is wrong with the key of a file, and which key was probably meant."""
    meant = closest(key, known)
    return f"unknown key; did you mean {meant}?" if meant else "unknown key"


def fixes_named(numbers: Collection[int]) -> str:
    """Return the fixes by their numbers, such as "fix 5" or "fixes 1, 3"."""
    return f"fix{'es' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def fixes_are(numbers: Collection[int]) -> str:
    """Return the start of a sentence on these fixes, such as "Fix 5 is" or "Fixes 1, 3 are"."""
    return f"{fixes_named(numbers).capitalize()} {'is' if len(numbers) == 1 else 'are'}"
