"""Random life cycles: what comes next depends on the seed alone, never on an answer."""

import random
from collections.abc import Callable, Iterator

from lab.probing.contract.script import Call, Script

from . import routes

SCRIPTS, CALLS = 40, 16
WORKFLOWS = [f"{n:08d}-0000-4000-8000-00000000cafe" for n in range(5)]
STATUSES = ("available", "available", "maintenance", "offline")
PRIORITIES = (None, "high", "normal", "low")


def cycles(seed: int) -> Iterator[Script]:
    """Yield SCRIPTS scripts of CALLS requests, each on two devices with five workflows."""
    generator = random.Random(seed)
    for number in range(1, SCRIPTS + 1):
        yield Script(f"random {number}", tuple(_calls(generator)), ("d1", "d2"))


def _calls(chance: random.Random) -> Iterator[Call]:
    """Yield requests of which most concern one device: so they meet."""
    holder, entries, made = WORKFLOWS[0], 0, 0
    cancelled: set[int] = set()

    def device() -> str:
        return "{d1}" if chance.random() < 0.8 else "{d2}"

    def someone() -> str:
        if made and chance.random() < 0.2:
            return f"{{w{chance.randint(1, made)}}}"
        return holder if chance.random() < 0.4 else chance.choice(WORKFLOWS)

    for number in range(1, CALLS + 1):
        kind = _kind(chance)
        if kind == "join":
            entries += 1
            yield routes.join(device(), someone(), chance.choice(PRIORITIES), f"e{entries}")
        elif kind == "cancel":
            entry = chance.randint(1, max(entries, 1))
            yield routes.cancel(device(), f"{{e{entry}}}", again=entry in cancelled)
            cancelled.add(entry)
        elif kind == "book":
            holder = someone()
            yield routes.book(device(), holder, f"b{number}")
        elif kind == "create":
            made += 1
            yield routes.create({"name": f"Random {made}", "device_id": "{d1}"}, f"w{made}")
        elif kind in ("start", "complete", "workflow"):
            made = max(made, 1)
            of: Callable[[str], Call] = getattr(routes, kind)
            yield of(f"{{w{chance.randint(1, made)}}}")
        elif kind == "release":
            yield routes.release(device(), someone())
        elif kind == "set_status":
            yield routes.set_status(device(), chance.choice(STATUSES))
        else:
            seen: Callable[[str], Call] = getattr(routes, kind)
            yield seen(device())


def _kind(chance: random.Random) -> str:
    weights = {
        "join": 5, "release": 5, "book": 3, "device": 3, "queue": 3, "cancel": 2, "set_status": 2,
        "create": 1, "start": 1, "complete": 1, "workflow": 1, "wait_time": 1,
    }  # fmt: skip
    return chance.choices(list(weights), list(weights.values()))[0]
