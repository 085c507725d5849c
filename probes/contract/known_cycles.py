"""Life cycles that people go through: book and release, wait and be served, start and complete."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from lab.probing.contract.script import Call, Script

from . import routes

W = [f"{n:08d}-0000-4000-8000-000000000000" for n in range(20)]
"""Ids of workflows. device-service does not check that there are such workflows."""

D, OTHER = "{d1}", "{d2}"
SEEN = (routes.device(D), routes.queue(D))


def recent_runs() -> list[Call]:
    """The search for the runs of these days: neither a booking nor a release is one."""
    today = datetime.now(UTC).date()
    start, end = (str(today + timedelta(days=days)) for days in (-1, 2))
    return [routes.search(("start", start), ("end", end), ("device_id", D))]


def known_cycles() -> Iterator[Script]:
    for name, calls in {**_bookings(), **_queues(), **_workflows()}.items():
        yield Script(name, tuple(calls), ("d1", "d2"))
    yield Script("an id of full length", tuple(_full_length()), alone=True)
    yield Script("the newest workflows", tuple(_newest()), alone=True)


def _bookings() -> dict[str, list[Call]]:
    book, release, state = routes.book, routes.release, routes.device(D)
    cycle = [book(D, W[1]), state, release(D, W[1]), state, book(D, W[2]), state, release(D, W[2]), state]
    return {
        "book, release, book again": [*cycle, book(D, W[1]), book(D, W[1]), book(D, W[2]), state],
        "release by another": [book(D, W[1]), release(D, W[2]), state, release(D, W[1]), release(D, W[1])],
        "release what is not booked": [release(D, W[1]), state, book(D, W[1]), state],
        "two devices": [book(D, W[1]), book(OTHER, W[1]), release(D, W[1]), routes.device(OTHER), state],
        "maintenance": [
            *(routes.set_status(D, "maintenance"), state, book(D, W[1]), release(D, W[1])),
            *(
                routes.set_status(D, "offline"),
                book(D, W[1]),
                routes.set_status(D, "available"),
                book(D, W[1]),
            ),
            *(routes.set_status(D, "maintenance"), routes.set_status(D, "available"), state),
            *(routes.set_status(D, "offline"), release(D, W[1]), routes.set_status(D, "offline"), state),
        ],
        "the same status": [routes.set_status(D, "available"), routes.set_status(D, "available"), state],
        "the list": [
            book(D, W[1]),
            routes.devices("id"),
            release(D, W[1]),
            routes.devices("id"),
            *recent_runs(),
        ],
    }


def _queues() -> dict[str, list[Call]]:
    book, release, join, cancel = routes.book, routes.release, routes.join, routes.cancel
    e = ["{e0}", "{e1}", "{e2}", "{e3}", "{e4}", "{e5}", "{e6}"]
    line = [
        book(D, W[0]),
        join(D, W[1], "low", "e1"),
        join(D, W[2], None, "e2"),
        join(D, W[3], "high", "e3"),
        join(D, W[4], "normal", "e4"),
        join(D, W[5], "high", "e5"),
        join(D, W[6], "low", "e6"),
        *SEEN,
    ]
    served = [call for n in (0, 3, 5, 2, 4, 1, 6) for call in (release(D, W[n]), *SEEN)]
    return {
        "a free device": [
            join(D, W[1], "low", "e1"),
            *SEEN,
            join(D, W[1]),
            cancel(D, e[1]),
            release(D, W[1]),
            *SEEN,
        ],
        "in order of priority": [*line, *served, routes.devices("id"), *recent_runs()],
        "estimates": [
            *(routes.wait_time(D), book(D, W[0]), routes.wait_time(D), join(D, W[1]), routes.wait_time(D)),
            *(routes.wait_time(D, ("priority", one)) for one in ("high", "normal", "low", "x", "")),
            *(release(D, W[0]), release(D, W[1]), routes.wait_time(D)),
            *(routes.set_status(D, "maintenance"), routes.wait_time(D)),
        ],
        "waiting twice": [
            *(
                book(D, W[0]),
                join(D, W[1], "low", "e1"),
                join(D, W[1], "high", "e2"),
                join(D, W[0], "high", "e3"),
            ),
            *SEEN,
        ],
        "served, then again": [
            *(book(D, W[0]), join(D, W[1], "high", "e1"), release(D, W[0]), join(D, W[1], "high", "e2")),
            *(cancel(D, e[1]), release(D, W[1]), *SEEN, book(D, W[2]), join(D, W[1], "low", "e3"), *SEEN),
            *(release(D, W[2]), *SEEN, release(D, W[1]), *SEEN, cancel(D, e[3])),
        ],
        "cancelled, then again": [
            *(*line, cancel(D, e[3]), *SEEN, cancel(D, e[3], again=True), join(D, W[3], "high", "e0"), *SEEN),
            *(cancel(D, e[5]), release(D, W[0]), *SEEN, cancel(D, e[0]), release(D, W[3]), *SEEN),
        ],
        "through another device": [
            *(book(D, W[0]), book(OTHER, W[0]), join(D, W[1], "low", "e1"), join(OTHER, W[1], "high", "e2")),
            *(cancel(OTHER, e[1]), cancel(D, e[2]), *SEEN, routes.queue(OTHER), release(D, W[0]), *SEEN),
            *(routes.device(OTHER), release(OTHER, W[0]), routes.device(OTHER), routes.queue(OTHER)),
        ],
        "out of service": [
            *(
                routes.set_status(D, "maintenance"),
                join(D, W[1], "low", "e1"),
                join(D, W[2], "high", "e2"),
                *SEEN,
            ),
            *(
                routes.set_status(D, "offline"),
                *SEEN,
                book(D, W[3]),
                routes.set_status(D, "maintenance"),
                *SEEN,
            ),
            *(
                routes.set_status(D, "available"),
                *SEEN,
                routes.set_status(D, "maintenance"),
                release(D, W[2]),
            ),
            *(*SEEN, release(D, W[1]), *SEEN, routes.set_status(D, "maintenance"), *SEEN),
        ],
        "out of service and cancelled": [
            *(routes.set_status(D, "offline"), join(D, W[1], "low", "e1"), cancel(D, e[1]), *SEEN),
            *(routes.set_status(D, "available"), *SEEN, book(D, W[2]), *SEEN),
        ],
        "past those who wait": [
            *(
                book(D, W[0]),
                join(D, W[1], "low", "e1"),
                release(D, W[0]),
                book(D, W[2]),
                release(D, W[2]),
                *SEEN,
            ),
            *(release(D, W[0]), release(D, W[1]), book(D, W[2]), *SEEN),
        ],
        "refused releases": [
            *(book(D, W[0]), join(D, W[1], "low", "e1"), release(D, W[2]), *SEEN, release(D, W[1]), *SEEN),
            *(release(D, W[0]), release(D, W[0]), *SEEN),
        ],
    }


def _workflows() -> dict[str, list[Call]]:
    def new(name: str, device: str = D, **more: object) -> Call:
        return routes.create({"name": "Cycle", "device_id": device, **more}, name)

    steps = [{"operation": "wash"}, {"operation": "spin", "parameters": {"g": 1}}, {"operation": "wash"}]
    samples = [{"sample_id": 9002, "role": "control"}, {"sample_id": 9001, "role": "output"}]
    start, complete, state = routes.start, routes.complete, routes.device(D)
    one, two = routes.workflow("{w1}"), routes.workflow("{w2}")
    return {
        "start and complete": [
            *(new("w1", steps=steps, samples=samples), one, start("{w1}"), one, state, start("{w1}"), one),
            *(complete("{w1}"), one, state, complete("{w1}"), start("{w1}"), one, state),
        ],
        "complete what is not started": [new("w1"), complete("{w1}"), one, start("{w1}"), one, state],
        "a device that is booked": [
            *(new("w1"), new("w2"), start("{w1}"), start("{w2}"), two, state, complete("{w2}"), two, state),
            *(complete("{w1}"), start("{w2}"), two, state, complete("{w2}"), state),
        ],
        "a device that is held already": [
            *(new("w1"), routes.book(D, "{w1}"), start("{w1}"), one, state, complete("{w1}"), one, state),
        ],
        "a device that was released already": [
            *(
                new("w1"),
                start("{w1}"),
                routes.release(D, "{w1}"),
                state,
                routes.book(D, W[1]),
                complete("{w1}"),
            ),
            *(one, state),
        ],
        "a device out of service": [
            *(new("w1"), routes.set_status(D, "maintenance"), start("{w1}"), one, state),
            *(routes.set_status(D, "available"), start("{w1}"), one, state),
        ],
        "a device that does not exist": [new("w1", "odd-none"), start("{w1}"), one, complete("{w1}"), one],
        "handed over at completion": [
            *(
                new("w1"),
                new("w2"),
                start("{w1}"),
                routes.join(D, "{w2}", "low", "e1"),
                complete("{w1}"),
                *SEEN,
            ),
            *(start("{w2}"), two, complete("{w2}"), *SEEN),
        ],
        "the list of workflows": [
            *(new("w1", steps=steps, samples=samples), new("w2"), routes.workflows("id"), start("{w2}")),
            *(routes.workflows("id"), complete("{w2}"), routes.workflows("id")),
        ],
    }


def _full_length() -> Iterator[Call]:
    """Every request that takes a device, for one with the longest id that no other script uses.

    Until its first release it has no estimate, whether that is from runs or from bookings.
    """
    longest = "odd-" + "y" * 46
    yield routes.set_status(longest, "offline")
    yield routes.join(longest, W[2])
    yield routes.queue(longest)
    yield routes.wait_time(longest)
    yield routes.set_status(longest, "available")
    yield routes.queue(longest)
    yield routes.wait_time(longest)
    yield routes.cancel(longest, "{entry}")
    yield routes.release(longest, W[2])
    yield routes.book(longest, W[1])
    yield routes.release(longest, W[1])
    yield routes.search(("start", "2026-05-01"), ("end", "2026-05-02"), ("device_id", longest), light=True)


def _newest() -> Iterator[Call]:
    """New workflows are last in the list, and the oldest of the list make room for them."""
    for number in (1, 2, 3):
        yield routes.create({"name": f"Newest {number}", "device_id": "odd-A"}, f"w{number}")
        yield routes.workflows()
