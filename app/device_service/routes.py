"""The routes of device-service: validate the request, call `queries`, return JSON."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.common import database, params
from app.device_service import queries

SETTABLE_STATUSES = ("available", "maintenance", "offline")
"""The statuses that PATCH accepts. Only a booking makes a device busy."""

blueprint = Blueprint("device_service", __name__)


@blueprint.get("/devices")
def list_devices() -> ResponseReturnValue:
    with database.transaction() as session:
        return jsonify(devices=[device.as_json() for device in queries.list_devices(session)])


@blueprint.get("/devices/<device_id>")
def get_device(device_id: str) -> ResponseReturnValue:
    device_id = params.path_id(device_id, "device", 50)
    with database.transaction() as session:
        return jsonify(queries.get_device(session, device_id).as_json())


@blueprint.post("/devices/<device_id>/book")
def book_device(device_id: str) -> ResponseReturnValue:
    device_id = params.path_id(device_id, "device", 50)
    workflow_id = params.text(params.json_object(), "workflow_id", 36)
    with database.transaction() as session:
        booking = queries.book_device(session, device_id, workflow_id)
    return jsonify(booking.as_json())


@blueprint.post("/devices/<device_id>/release")
def release_device(device_id: str) -> ResponseReturnValue:
    device_id = params.path_id(device_id, "device", 50)
    workflow_id = params.text(params.json_object(), "workflow_id", 36)
    with database.transaction() as session:
        device = queries.release_device(session, device_id, workflow_id)
    return jsonify(device.as_json())


@blueprint.patch("/devices/<device_id>")
def set_device_status(device_id: str) -> ResponseReturnValue:
    device_id = params.path_id(device_id, "device", 50)
    status = params.choice(params.json_object(), "status", SETTABLE_STATUSES)
    with database.transaction() as session:
        device = queries.set_device_status(session, device_id, status)
    return jsonify(device.as_json())


@blueprint.get("/execution-logs")
def list_execution_logs() -> ResponseReturnValue:
    with database.transaction() as session:
        logs = queries.list_execution_logs(session)
        return jsonify(logs=[log.as_json() for log in logs])


@blueprint.get("/execution-logs/search")
def search_execution_logs() -> ResponseReturnValue:
    start = params.query_moment("start")
    end = params.query_moment("end")
    # A longer span is refused.
    params.check_span(start, end, max_days=31)
    device_id = params.query_text("device_id", 50)
    with database.transaction() as session:
        found = queries.search_execution_logs(session, start, end, device_id)
    return jsonify(logs=[log.as_json() | {"idle_seconds": idle} for log, idle in found])
