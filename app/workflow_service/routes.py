"""The routes of workflow-service: validate the request, call `queries` or `lifecycle`, return JSON."""

import math
import re
from typing import Any

from flask import Blueprint, current_app, jsonify, url_for
from flask.typing import ResponseReturnValue

from app.common import database, errors, params
from app.workflow_service import device_client, lifecycle, models, queries

MAX_ITEMS = 20
MAX_ID = 2**31 - 1
MAX_BYTES = 16 * 1024
"""The largest body of a new workflow."""

_DEVICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")

blueprint = Blueprint("workflow_service", __name__)


@blueprint.get("/workflows")
def list_workflows() -> ResponseReturnValue:
    with database.transaction() as session:
        return jsonify(workflows=queries.list_workflows(session))


@blueprint.get("/workflows/<workflow_id>")
def get_workflow(workflow_id: str) -> ResponseReturnValue:
    workflow_id = params.path_id(workflow_id, "workflow", 36)
    with database.transaction() as session:
        return jsonify(queries.describe(session, queries.get_workflow(session, workflow_id)))


@blueprint.post("/workflows")
def create_workflow() -> ResponseReturnValue:
    body = params.json_object()
    params.check_length(MAX_BYTES)
    name = params.text(body, "name", 200)
    device_id = params.text(body, "device_id", 50)
    if not _DEVICE_ID.fullmatch(device_id):
        raise errors.BadRequest("device_id may hold letters, digits, dots, dashes and underscores only.")
    steps = [_step(item) for item in params.objects(body, "steps", MAX_ITEMS)]
    links = [_link(item) for item in params.objects(body, "samples", MAX_ITEMS)]
    with database.transaction() as session:
        workflow = queries.create_workflow(session, name, device_id, steps, links)
        answer = jsonify(queries.describe(session, workflow))
    answer.status_code = 201
    answer.headers["Location"] = url_for(".get_workflow", workflow_id=workflow.id)
    return answer


@blueprint.post("/workflows/<workflow_id>/start")
def start_workflow(workflow_id: str) -> ResponseReturnValue:
    workflow_id = params.path_id(workflow_id, "workflow", 36)
    return jsonify(lifecycle.start(_devices(), workflow_id))


@blueprint.post("/workflows/<workflow_id>/complete")
def complete_workflow(workflow_id: str) -> ResponseReturnValue:
    workflow_id = params.path_id(workflow_id, "workflow", 36)
    return jsonify(lifecycle.complete(_devices(), workflow_id))


@blueprint.get("/samples")
def list_samples() -> ResponseReturnValue:
    with database.transaction() as session:
        return jsonify(samples=[sample.as_json() for sample in queries.list_samples(session)])


def _devices() -> device_client.DeviceClient:
    client: device_client.DeviceClient = current_app.extensions[device_client.EXTENSION]
    return client


def _step(item: dict[str, Any]) -> queries.NewStep:
    parameters = item.get("parameters", {})
    if not isinstance(parameters, dict) or len(parameters) > MAX_ITEMS:
        raise errors.BadRequest(f"parameters must be an object of at most {MAX_ITEMS} members.")
    if not all(params.storable(name) and _is_setting(value) for name, value in parameters.items()):
        raise errors.BadRequest("Each of the parameters must be a string, a number, a boolean or null.")
    return queries.NewStep(params.text(item, "operation", 50), parameters)


def _is_setting(value: Any) -> bool:
    if isinstance(value, str):
        return params.storable(value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool | int)


def _link(item: dict[str, Any]) -> queries.NewLink:
    sample_id = params.integer(item, "sample_id", 1, MAX_ID)
    return queries.NewLink(sample_id, params.choice(item, "role", models.SAMPLE_ROLES))
