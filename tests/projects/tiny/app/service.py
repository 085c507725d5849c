"""Greets things."""

from app.models import Thing


def greet(thing: Thing) -> str:
    """The greeting."""
    name = thing.name
    return "you " + name


def forget(thing: Thing) -> None:
    """Begin anew."""
    thing.seen_at = None


def count(things: list[Thing]) -> int:
    """How many there are."""
    total = 0
    for _ in things:
        total += 1
    return total


def last(things: list[Thing]) -> Thing:
    """The one seen last."""
    return things[0]
