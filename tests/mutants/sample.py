"""A fixed part of the places, drawn at random, and what is set aside of it.

A mutant is in the sample if the SHA-256 of the seed and its id is among the SIZE lowest. So each place has
the same chance, and every version of Python draws the same ones.

sample.json holds what was drawn. set_aside.toml has two tables, both from ids to text:

- `invisible`: no client of the services can see the mistake; the reason
- `by_probe`: only concurrency, isolation, memory or a count of statements can show it; the slug of the bug
  whose own probe has to find it
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from tests.mutants.places import Mutant, places

SEED = 6
SIZE = 430
DRAWN = Path(__file__).with_name("sample.json")
SET_ASIDE = Path(__file__).with_name("set_aside.toml")


@dataclass(frozen=True, slots=True)
class SetAside:
    """The mutants that no request shows, by id: the reasons, and the bugs whose probes show them."""

    invisible: Mapping[str, str]
    by_probe: Mapping[str, str]


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


def _rank(name: str) -> bytes:
    return hashlib.sha256(f"{SEED}:{name}".encode()).digest()
