"""The execution logs: which rows there will be, and the statement that makes a batch of them in the server.

Rows stand in the order of their start, as in any log: the years before the incident day, that day, the
year after it. The devices take turns and no run outlasts the time to its device's next turn, so that no
device is ever on two runs at once.

The same rows and seed give the same table, byte for byte. That rests on: ids counted, never taken from a
sequence; one `setseed` before each batch, and batches whose bounds follow from the number of rows alone;
`random()`, whose sequence has been the same in every PostgreSQL since 15.
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
    """Runs `first` to `last`, in turns of equal length from `start` to `end`."""

    first: int
    last: int
    start: datetime
    end: datetime

    @property
    def runs(self) -> int:
        return self.last - self.first + 1

    @property
    def step(self) -> float:
        """Seconds from one turn to the next."""
        return (self.end - self.start).total_seconds() / self.runs

    def batches(self) -> Iterator[tuple[int, int]]:
        for begin in range(self.first, self.last + 1, BATCH):
            yield begin, min(begin + BATCH - 1, self.last)


def spans(rows: int) -> tuple[Span, ...]:
    """The stretches of a log of `rows` runs. The incident day comes first: a small log has nothing else."""
    incident = min(rows, INCIDENT_RUNS)
    next_day = INCIDENT_DAY + timedelta(days=1)
    before, after = INCIDENT_DAY - OPENED, CLOSED - next_day
    earlier = round((rows - incident) * (before / (before + after)))
    stretches = (
        Span(1, earlier, OPENED, INCIDENT_DAY),
        Span(earlier + 1, earlier + incident, INCIDENT_DAY, next_day),
        Span(earlier + incident + 1, rows, next_day, CLOSED),
    )
    return tuple(span for span in stretches if span.runs > 0)


@dataclass(frozen=True, slots=True)
class Batch:
    """One use of INSERT: what `setseed` is given before it, its parameters, the last run that it makes."""

    randomness: float
    parameters: dict[str, object]
    last: int


def batches(rows: int, seed: int) -> Iterator[Batch]:
    """The batches that make a log of `rows` runs, in order."""
    stretches = spans(rows)
    choices = [operation for device in DEVICES for operation in device.operations]
    fixed = {
        "devices": len(DEVICES),
        "device_id": [device.id for device in DEVICES],
        "operation": [operation.name for operation in choices],
        "seconds": [operation.seconds for operation in choices],
        "done": [operation.done for operation in choices],
        "failed": [operation.failed for operation in choices],
        "longest": int(min(span.step for span in stretches) * (len(DEVICES) - 2) * 1000),
    }
    for span in stretches:
        placed = {"start": span.start, "first": span.first, "step": span.step}
        for begin, end in span.batches():
            randomness = random.Random(f"{seed}:{begin}").uniform(-1, 1)
            yield Batch(randomness, {**fixed, **placed, "begin": begin, "end": end}, end)
