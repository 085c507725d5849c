"""A fixed part of the places, drawn at random, and what is set aside of it.

A mutant is in the sample if the SHA-256 of the seed and its id is among the SIZE lowest. So each place has
the same chance, and every version of Python draws the same ones.

sample.json holds what was drawn. set_aside.toml says what no request can show of it, and why:

- `invisible`, by class: no client of the services can see the mistake, so it is not counted
- `by_probe`, by the slug of a bug: only concurrency or a count of statements can show the mistake, so it
  counts as found when the bug's own probe finds it
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from itertools import chain
from pathlib import Path

from tests.mutants.places import Mutant, places

SEED = 6
SIZE = 430
DRAWN = Path(__file__).with_name("sample.json")
SET_ASIDE = Path(__file__).with_name("set_aside.toml")


@dataclass(frozen=True, slots=True)
class SetAside:
    """What set_aside.toml says: by class or bug, the ids of mutants with a reason for each."""

    invisible: Mapping[str, Mapping[str, str]]
    by_probe: Mapping[str, Mapping[str, str]]


def draw() -> tuple[Mutant, ...]:
    """Draw the sample from the places of the current code, in the order of the code."""
    drawn = set(sorted((mutant.id for mutant in places()), key=_rank)[:SIZE])
    return tuple(mutant for mutant in places() if mutant.id in drawn)


def write() -> None:
    """Draw the sample and write it to sample.json."""
    text = json.dumps([asdict(mutant) for mutant in draw()], indent=1, ensure_ascii=False)
    DRAWN.write_text(text + "\n")


@cache
def sample() -> tuple[Mutant, ...]:
    """Return the sample in sample.json."""
    return tuple(Mutant(**one) for one in json.loads(DRAWN.read_text()))


@cache
def set_aside() -> SetAside:
    """Return what set_aside.toml says."""
    return SetAside(**tomllib.loads(SET_ASIDE.read_text()))


def counted() -> tuple[Mutant, ...]:
    """Return the mutants of the sample that a client can see."""
    invisible = set(chain.from_iterable(set_aside().invisible.values()))
    return tuple(mutant for mutant in sample() if mutant.id not in invisible)


def probe_for(mutant: Mutant) -> str | None:
    """Return the slug of the bug whose probe has to find the mutant, or None if requests can show it."""
    return next((bug for bug, reasons in set_aside().by_probe.items() if mutant.id in reasons), None)


def _rank(name: str) -> bytes:
    return hashlib.sha256(f"{SEED}:{name}".encode()).digest()
