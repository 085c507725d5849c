from typing import Any

from flask.testing import FlaskClient

from tests.app.rows import rows
from tests.conftest import Database

NEW = {"name": "Plate 7", "device_id": "device-01"}

INVALID: list[dict[str, Any]] = [
    {"name": None},
    {"name": ""},
    {"name": "x" * 201},
    {"name": "a\0"},
    {"name": "\ud800"},
    {"device_id": 7},
    {"device_id": ""},
    {"device_id": "../health"},
    {"device_id": "device-01\n"},
    {"device_id": "x" * 51},
    {"steps": None},
    {"steps": {}},
    {"steps": [{}]},
    {"steps": [{"operation": "mix"}] * 21},
    {"steps": [{"operation": "mix", "parameters": None}]},
    {"steps": [{"operation": "mix", "parameters": {"x": []}}]},
    {"steps": [{"operation": "mix", "parameters": {str(n): n for n in range(21)}}]},
    {"steps": [{"operation": "mix", "parameters": {"x": "\0"}}]},
    {"steps": [{"operation": "mix", "parameters": {"\ud800": 1}}]},
    {"steps": [{"operation": "mix", "parameters": {"x": "x" * 2**14}}]},
    {"samples": [{"sample_id": 1}]},
    {"samples": [{"sample_id": n, "role": "input"} for n in range(1, 22)]},
    {"samples": [{"sample_id": 1, "role": "guest"}]},
    {"samples": [{"sample_id": "1", "role": "input"}]},
    {"samples": [{"sample_id": True, "role": "input"}]},
    {"samples": [{"sample_id": 2**31, "role": "input"}]},
    {"samples": [{"sample_id": 10**40, "role": "input"}]},
]


def create(workflows: FlaskClient, **members: Any) -> Any:
    return workflows.post("/workflows", json=NEW | members)


def test_a_new_workflow_is_pending_and_keeps_the_order_of_its_steps(workflows: FlaskClient) -> None:
    steps = [
        {"operation": "mix", "parameters": {"rpm": 300, "gentle": True, "note": None, "ratio": 0.5}},
        {"operation": "incubate"},
    ]
    answer = create(workflows, steps=steps, samples=[{"sample_id": 2, "role": "input"}])
    assert answer.status_code == 201
    assert answer.json["status"] == "pending"
    assert [(step["position"], step["operation"]) for step in answer.json["steps"]] == [
        (1, "mix"),
        (2, "incubate"),
    ]
    assert answer.json["steps"][0]["parameters"] == steps[0]["parameters"]
    assert [(sample["id"], sample["role"]) for sample in answer.json["samples"]] == [(2, "input")]
    assert workflows.get(answer.headers["Location"]).json == answer.json


def test_every_workflow_is_listed_with_its_steps_and_samples(
    workflows: FlaskClient, database: Database
) -> None:
    listed = workflows.get("/workflows").json["workflows"]
    shown = [
        (
            workflow["id"],
            [step["operation"] for step in workflow["steps"]],
            sorted(sample["barcode"] for sample in workflow["samples"]),
        )
        for workflow in listed
    ]
    expected = rows(
        database,
        "SELECT id,"
        " ARRAY(SELECT operation FROM workflow_steps s WHERE s.workflow_id = w.id ORDER BY position)::text[],"
        " ARRAY(SELECT barcode FROM workflow_samples l JOIN samples ON samples.id = sample_id"
        '       WHERE l.workflow_id = w.id ORDER BY barcode COLLATE "C")::text[]'
        " FROM workflows w ORDER BY created_at, id",
    )
    assert shown == expected
    assert len(listed) == 50
    assert workflows.get(f"/workflows/{listed[7]['id']}").json == listed[7]


def test_the_newest_120_are_listed_when_there_are_more(workflows: FlaskClient, database: Database) -> None:
    added = rows(
        database,
        "INSERT INTO workflows (id, name, device_id, created_at)"
        " SELECT lpad(n::text, 4, '0'), 'x', 'device-01', timestamp '2030-01-01' + n / 2 * interval '1 s'"
        " FROM generate_series(1, 150) AS n RETURNING id",
    )
    listed = workflows.get("/workflows").json["workflows"]
    assert [(workflow["id"],) for workflow in listed] == added[-120:]


def test_samples_are_listed_by_id(workflows: FlaskClient, database: Database) -> None:
    samples = workflows.get("/samples").json["samples"]
    assert [(sample["id"],) for sample in samples] == rows(database, "SELECT id FROM samples ORDER BY id")


def test_an_unknown_workflow_is_404(workflows: FlaskClient) -> None:
    for workflow_id in ("nothing", "a%00b", "x" * 3000, "%ff"):
        url = f"/workflows/{workflow_id}"
        answers = (workflows.get(url), workflows.post(f"{url}/start"), workflows.post(f"{url}/complete"))
        assert [answer.status_code for answer in answers] == [404, 404, 404], workflow_id


def test_an_invalid_workflow_is_a_bad_request(workflows: FlaskClient, database: Database) -> None:
    answers = [(members, create(workflows, **members)) for members in INVALID]
    assert [members for members, answer in answers if answer.status_code != 400] == []
    assert all(set(answer.json) == {"error"} for _, answer in answers)
    assert rows(database, "SELECT count(*) FROM workflows") == [(50,)]


def test_an_infinite_number_is_a_bad_request(workflows: FlaskClient) -> None:
    body = '{"name": "x", "device_id": "d", "steps": [{"operation": "mix", "parameters": {"x": 1e999}}]}'
    answer = workflows.post("/workflows", data=body, content_type="application/json")
    assert answer.status_code == 400


def test_an_unknown_sample_is_404_and_adds_no_workflow(workflows: FlaskClient, database: Database) -> None:
    answer = create(workflows, samples=[{"sample_id": 2**31 - 1, "role": "input"}])
    assert answer.status_code == 404
    assert rows(database, "SELECT count(*) FROM workflows") == [(50,)]


def test_a_sample_listed_twice_is_a_conflict(workflows: FlaskClient) -> None:
    links = [{"sample_id": 1, "role": "input"}, {"sample_id": 1, "role": "control"}]
    assert create(workflows, samples=links).status_code == 409
