"""Answers of two systems that behave alike have the same normal form."""

from typing import Any

from lab.probing.contract.normal import normal
from lab.probing.contract.script import Answer, Call, Script, Task

NOON = 1_767_268_800.0
"""2026-01-01T12:00:00Z"""


def call(**options: Any) -> Call:
    return Call("service", "GET /x", "/x", **options)


def bodies(*found: tuple[Call, Any], rows: dict[str, str] | None = None, start: float = NOON) -> list[Any]:
    """The normal form of these bodies, each of a request that was sent ten seconds after the one before."""
    script = Script("script", tuple(one for one, _ in found))
    answers = tuple(
        Answer(200, body, start + 10 * place, start + 10 * place + 1) for place, (_, body) in enumerate(found)
    )
    return [one.body for one in normal(Task(script, rows or {}), answers)]


def test_a_spare_row_has_its_name_wherever_it_is() -> None:
    body = {"id": "device-7", "list": [{"device_id": "device-7"}, {"device_id": "device-8"}]}
    (found,) = bodies((call(), body), rows={"d1": "device-7"})
    assert found == {"id": "{d1}", "list": [{"device_id": "{d1}"}, {"device_id": "device-8"}]}


def test_a_new_id_has_its_name_from_the_answer_on_that_gave_it() -> None:
    first, second = bodies((call(saves={"id": "entry"}), {"id": 17}), (call(), {"entry_id": 17, "count": 17}))
    assert first == {"id": "{entry}"}
    assert second == {"entry_id": "{entry}", "count": 17}


def test_the_same_number_in_another_table_is_another_row() -> None:
    entry = Call("service", "POST /things/{id}/queue", "/x", saves={"id": "entry"})
    booking = Call("service", "POST /things/{id}/book", "/x", saves={"id": "booking"})
    listed = Call("service", "GET /things/{id}/queue", "/x")
    found = bodies((entry, {"id": 7}), (booking, {"id": 7}), (listed, {"queue": [{"id": 7}]}))
    assert found == [{"id": "{entry}"}, {"id": "{booking}"}, {"queue": [{"id": "{entry}"}]}]


def test_a_moment_of_the_script_is_the_number_of_its_request_however_fast_it_was() -> None:
    (_, slow) = bodies(
        (call(), {}), (call(), {"at": "2026-01-01T12:00:10.9Z", "of": "2026-01-01T12:00:00.5Z"})
    )
    (_, fast) = bodies((call(), {}), (call(), {"at": "2026-01-01T12:00:10Z", "of": "2026-01-01T12:00:09.1Z"}))
    assert slow == fast == {"at": "(the time of request 2)", "of": "(the time of request 1)"}


def test_a_moment_with_few_decimals_is_of_the_request_that_it_was_cut_in() -> None:
    (found,) = bodies((call(), {"at": "2026-01-01T12:00:00.500Z"}), start=NOON + 0.5004)
    assert found == {"at": "(the time of request 1)"}


def test_an_older_moment_is_compared_by_its_value() -> None:
    (found,) = bodies((call(), {"at": "2025-12-31T23:00:00.25-01:00", "same": "2026-01-01T00:00:00.250000Z"}))
    assert found["at"] == found["same"]


def test_a_moment_without_a_time_zone_stays_a_text() -> None:
    texts = ["2026-01-01T12:00:00", "x", "0001-01-01T00:00:00+14:00", "2026-13-01T12:00:00Z"]
    assert bodies((call(), texts)) == [texts]


def test_numbers_are_rounded_and_true_is_no_number() -> None:
    (found,) = bodies((call(), {"seconds": 0.1 + 0.2, "id": True, "count": 3}))
    assert found == {"seconds": 0.3, "id": True, "count": 3}


def test_of_a_list_that_others_write_to_only_the_own_objects_are_compared() -> None:
    body = {"devices": [{"id": "device-7"}, {"id": "other"}, 3], "count": 2}
    (found,) = bodies((call(only="id"), body), rows={"d1": "device-7"})
    assert found == {"devices": [{"id": "{d1}"}], "count": 2}
