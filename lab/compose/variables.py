"""Replace the variables in a value of the compose file.

https://docs.docker.com/reference/compose-file/interpolation/
"""

import re
from collections.abc import Mapping

VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?P<operator>:?[-?+])?)", re.ASCII
)


def fill(text: str, environ: Mapping[str, str]) -> str:
    """Return `text` with its variables replaced by their values in `environ`; a missing one is empty.

    `${NAME:-default}` takes the default where the variable is missing or empty, `${NAME-default}` only where
    it is missing; `:?` and `?` refuse that, `:+` and `+` take the text in all other cases. The default may
    have variables. `$$` is a dollar sign.

    Raises:
        ValueError: a variable has another form, or must have a value and has none.
    """
    filled, position = [], 0
    while (dollar := text.find("$", position)) >= 0:
        value, end = _value(text, dollar, environ)
        filled += [text[position:dollar], value]
        position = end
    return "".join((*filled, text[position:]))


def _value(text: str, start: int, environ: Mapping[str, str]) -> tuple[str, int]:
    """Return the value of the variable that begins at `start`, and the place after it."""
    found = VARIABLE.match(text, start)
    if found is None:
        raise ValueError("has a $ that begins no variable: write $$ for a dollar sign")
    if found["escaped"]:
        return "$", found.end()
    if found["bare"]:
        return environ.get(found["bare"], ""), found.end()
    end = _closing_brace(text, found.end())
    name, operator, word = found["name"], found["operator"] or "", text[found.end() : end]
    if word and not operator:
        raise ValueError(f"has a variable of another form than ${{{name}:-default}}")
    given = environ.get(name)
    is_missing = not given if operator.startswith(":") else given is None
    if operator.endswith("?") and is_missing:
        raise ValueError(f"needs a value for {name}, which has none")
    takes_word = (operator.endswith("-") and is_missing) or (operator.endswith("+") and not is_missing)
    if takes_word:
        return fill(word, environ), end + 1
    return "" if operator.endswith("+") else given or "", end + 1


def _closing_brace(text: str, start: int) -> int:
    """Return the place of the brace that closes the one before `start`. As in compose, inner ones must match.

    Raises ValueError: there is none.
    """
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise ValueError("has a ${ without its }")
