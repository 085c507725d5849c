"""The execution logs: the number of rows in each time span, and the statement that generates a batch.

Rows are ordered by their start: the years before the incident day, that day, and the year after it. The
devices take turns, and every run ends before its device's next turn, so no device has two runs at once.

The same number of rows and the same seed give the same table, byte for byte, because

- ids are computed, not taken from a sequence,
- each batch starts with `setseed`, and its bounds depend only on the number of rows,
- `random()` returns the same sequence in every PostgreSQL version since 15.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from seed.laboratory import CLOSED, DEVICES, INCIDENT_DAY, INCIDENT_RUNS, OPENED

BATCH = 25_000

INSERT = """
INSERT INTO execution_logs
    (id, device_id, workflow_id, operation, status, message, started_at, completed_at, duration_ms)
SELECT
    run, device_id[turn], '7a1c39d2-5be0-4000-8000-' || lpad(to_hex(run / 3), 12, '0'),
    operation[kind], CASE WHEN fails THEN 'failed' ELSE 'completed' END,
    'Plate P-' || lpad((run / 3)::text, 7, '0') || ': ' || (CASE WHEN fails THEN failed ELSE done END)[kind],
    started_at, started_at + ms * interval '1 millisecond', ms
FROM
    (
        SELECT
            run,
            1 + run %% %(devices)s AS turn,
            1 + run %% %(devices)s * 3 + floor(random() * 3)::int AS kind,
            random() < 0.04 AS fails,
            0.6 + random() * 0.8 AS pace,
            %(start)s + (run - %(first)s + random() * 0.99) * %(step)s * interval '1 second' AS started_at
        FROM generate_series(%(begin)s, %(end)s) AS run
    ) AS run
    CROSS JOIN (
        SELECT
            %(device_id)s::varchar[] AS device_id, %(operation)s::varchar[] AS operation,
            %(seconds)s::int[] AS seconds, %(done)s::text[] AS done, %(failed)s::text[] AS failed
    ) AS what
    CROSS JOIN LATERAL (SELECT least(seconds[kind] * 1000 * pace, %(longest)s)::int AS ms) AS lasts
"""


@dataclass(frozen=True, slots=True)
class Span:
    """Runs `first` to `last`, at equal intervals from `start` to `end`."""

    first: int
    last: int
    start: datetime
    end: datetime

    @property
    def runs(self) -> int:
        return self.last - self.first + 1

    @property
    def step(self) -> float:
        """The interval between two runs in seconds."""
        return (self.end - self.start).total_seconds() / self.runs

    def batches(self) -> Iterator[tuple[int, int]]:
        """Yield the first and last run of each batch."""
        for begin in range(self.first, self.last + 1, BATCH):
            yield begin, min(begin + BATCH - 1, self.last)


def spans(rows: int) -> tuple[Span, ...]:
    """Return the time spans of a log of `rows` runs. The incident day has priority if there are few rows."""
    incident = min(rows, INCIDENT_RUNS)
    next_day = INCIDENT_DAY + timedelta(days=1)
    before, after = INCIDENT_DAY - OPENED, CLOSED - next_day
    earlier = round((rows - incident) * (before / (before + after)))
    parts = (
        Span(1, earlier, OPENED, INCIDENT_DAY),
        Span(earlier + 1, earlier + incident, INCIDENT_DAY, next_day),
        Span(earlier + incident + 1, rows, next_day, CLOSED),
    )
    return tuple(span for span in parts if span.runs > 0)


@dataclass(frozen=True, slots=True)
class Batch:
    """One execution of INSERT: the value for `setseed`, the parameters and the last run that it adds."""

    randomness: float
    parameters: dict[str, object]
    last: int


def batches(rows: int, seed: int) -> Iterator[Batch]:
    """Yield the batches of a log of `rows` runs, in order."""
    parts = spans(rows)
    choices = [operation for device in DEVICES for operation in device.operations]
    fixed = {
        "devices": len(DEVICES),
        "device_id": [device.id for device in DEVICES],
        "operation": [operation.name for operation in choices],
        "seconds": [operation.seconds for operation in choices],
        "done": [operation.done for operation in choices],
        "failed": [operation.failed for operation in choices],
        "longest": int(min(span.step for span in parts) * (len(DEVICES) - 2) * 1000),
    }
    for span in parts:
        placed = {"start": span.start, "first": span.first, "step": span.step}
        for begin, end in span.batches():
            randomness = random.Random(f"{seed}:{begin}").uniform(-1, 1)
            yield Batch(randomness, {**fixed, **placed, "begin": begin, "end": end}, end)
