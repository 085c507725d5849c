"""Check every key of fix.toml and convert the values."""

import re
from collections.abc import Sequence
from typing import Any

from lab.catalog.fix import Order, OwnedObject, ProbeNeeds
from lab.sentences import unknown_key

DIFFICULTIES = ("easy", "medium", "hard")
KINDS = ("table", "index", "constraint", "column")


class FieldReader:
    """Reads the keys of fix.toml and adds each mistake to `problems`."""

    TEXTS = ("title", "difficulty", "area", "symptom")
    KNOWN = ("number", "slug", *TEXTS, "hints", "objects", "requires", "order", "probe")

    def __init__(self, raw: dict[str, Any], services: Sequence[str], problems: list[str]) -> None:
        self.raw = raw
        self.services = services
        self.problems = problems

    def _wrong(self, key: str, what: str) -> None:
        self.problems.append(f"fix.toml: {key}: {what}")

    def read(self, number: int, slug: str) -> dict[str, Any]:
        """Return the fields of a `Fix` from `number` to `order`. The file must give this number and slug."""
        for key in self.raw.keys() - set(self.KNOWN):
            self._wrong(key, unknown_key(key, self.KNOWN))
        self._equal("number", number)
        self._equal("slug", slug)
        texts = {key: self._filled(key, self.raw.get(key)) for key in self.TEXTS}
        if texts["difficulty"] and texts["difficulty"] not in DIFFICULTIES:
            self._wrong("difficulty", f"one of {', '.join(DIFFICULTIES)}")
        return {
            "number": number,
            "slug": slug,
            **texts,
            "hints": self._hints(),
            "objects": self._objects(),
            "requires": self._requires(),
            "order": self._order(),
            "probe": self._probe(),
        }

    def _equal(self, key: str, folder: int | str) -> None:
        value = self.raw.get(key)
        if value is None:
            self._wrong(key, "missing")
        elif value != folder or isinstance(value, bool):
            self._wrong(key, f"{value!r}, but the folder's name says {folder!r}")

    def _filled(self, key: str, value: Any) -> str:
        if value is None:
            self._wrong(key, "missing")
        elif not isinstance(value, str):
            self._wrong(key, "a text is expected")
        elif not value.strip() or value.strip().startswith("TODO"):
            self._wrong(key, "not filled in")
        else:
            return value.strip()
        return ""

    def _hints(self) -> tuple[str, ...]:
        hints = self.raw.get("hints")
        if not isinstance(hints, list) or not hints:
            self._wrong("hints", "missing: a list of texts, from a nudge to the cause")
            return ()
        return tuple(self._filled(f"hints[{at}]", hint) for at, hint in enumerate(hints, 1))

    def _objects(self) -> tuple[OwnedObject, ...]:
        objects = self.raw.get("objects")
        if not isinstance(objects, list):
            self._wrong(
                "objects", 'missing: a list such as ["index ix_things_name"], empty when there is none'
            )
            return ()
        owned = []
        for text in objects:
            kind, _, name = str(text).partition(" ")
            if kind not in KINDS or not re.fullmatch(r"\w+\.\w+" if kind == "column" else r"\w+", name):
                self._wrong("objects", f"{text!r} is not one of {', '.join(KINDS)}, then a name")
            else:
                owned.append(OwnedObject(kind, name))
        return tuple(owned)

    def _requires(self) -> tuple[int, ...]:
        requires = self.raw.get("requires", [])
        if not isinstance(requires, list) or not all(type(n) is int for n in requires):
            self._wrong("requires", "a list of numbers is expected")
            return ()
        return tuple(requires)

    def _order(self) -> Order:
        order = self.raw.get("order", Order.MIGRATION_FIRST)
        if order not in list(Order):
            self._wrong("order", f"{order!r}, but it is one of {', '.join(Order)}")
            return Order.MIGRATION_FIRST
        return Order(order)

    def _probe(self) -> ProbeNeeds | None:
        table = self.raw.get("probe")
        if table is None:
            return None
        if not isinstance(table, dict):
            self._wrong("probe", "a table is expected")
            return None
        needs = table.get("needs")
        if not isinstance(needs, list) or not all(isinstance(name, str) for name in needs):
            self._wrong("probe.needs", 'a list of services is expected, such as ["api"]; it may be empty')
            needs = []
        for name in needs:
            if name not in self.services:
                self._wrong("probe.needs", f"{name!r} is not in lab.toml: {', '.join(self.services)}")
        for key in ("replicas", "last"):
            if not isinstance(table.get(key, False), bool):
                self._wrong(f"probe.{key}", "true or false is expected")
        for key in sorted(table.keys() - {"needs", "replicas", "last"}):
            self._wrong(f"probe.{key}", "unknown key")
        return ProbeNeeds(tuple(needs), table.get("replicas", False), table.get("last", False))
