"""The routes of both services, as functions that make a call."""

from typing import Any

from lab.probing.contract.script import Call

DEVICES, WORKFLOWS = "device-service", "workflow-service"


def device(path: str) -> Call:
    return Call(DEVICES, "GET /devices/{device_id}", f"/devices/{path}")


def book(path: str, workflow: Any, name: str = "booking") -> Call:
    route = "POST /devices/{device_id}/book"
    return Call(DEVICES, route, f"/devices/{path}/book", body={"workflow_id": workflow}, saves={"id": name})


def release(path: str, workflow: Any) -> Call:
    route = "POST /devices/{device_id}/release"
    return Call(DEVICES, route, f"/devices/{path}/release", body={"workflow_id": workflow})


def set_status(path: str, status: Any) -> Call:
    return Call(DEVICES, "PATCH /devices/{device_id}", f"/devices/{path}", body={"status": status})


def join(path: str, workflow: Any, priority: Any = None, name: str = "entry") -> Call:
    body = {"workflow_id": workflow} | ({} if priority is None else {"priority": priority})
    route = "POST /devices/{device_id}/queue"
    return Call(DEVICES, route, f"/devices/{path}/queue", body=body, saves={"id": name})


def queue(path: str) -> Call:
    return Call(DEVICES, "GET /devices/{device_id}/queue", f"/devices/{path}/queue")


def cancel(path: str, entry: str, *, again: bool = False) -> Call:
    """`again`: the entry may be cancelled already."""
    route = "DELETE /devices/{device_id}/queue/{entry_id}" + (" again" if again else "")
    return Call(DEVICES, route, f"/devices/{path}/queue/{entry}")


def wait_time(path: str, *query: tuple[str, str]) -> Call:
    return Call(DEVICES, "GET /devices/{device_id}/wait-time", f"/devices/{path}/wait-time", query)


def search(*query: tuple[str, str], light: bool = False) -> Call:
    return Call(DEVICES, "GET /execution-logs/search", "/execution-logs/search", query, light=light)


def logs(*query: tuple[str, str]) -> Call:
    return Call(DEVICES, "GET /execution-logs", "/execution-logs", query)


def page_of_logs(*query: tuple[str, str]) -> Call:
    return Call(DEVICES, "GET /execution-logs by pages", "/execution-logs", query)


def devices(only: str = "") -> Call:
    return Call(DEVICES, "GET /devices", "/devices", only=only)


def workflows(only: str = "") -> Call:
    return Call(WORKFLOWS, "GET /workflows", "/workflows", only=only, light=not only)


def workflow(path: str) -> Call:
    return Call(WORKFLOWS, "GET /workflows/{workflow_id}", f"/workflows/{path}")


def create(body: Any, name: str = "workflow") -> Call:
    return Call(WORKFLOWS, "POST /workflows", "/workflows", body=body, saves={"id": name})


def start(path: str) -> Call:
    return Call(WORKFLOWS, "POST /workflows/{workflow_id}/start", f"/workflows/{path}/start")


def complete(path: str) -> Call:
    return Call(WORKFLOWS, "POST /workflows/{workflow_id}/complete", f"/workflows/{path}/complete")


def samples() -> Call:
    return Call(WORKFLOWS, "GET /samples", "/samples")


def other(service: str, method: str, path: str) -> Call:
    """A request that no route has, or to /health."""
    return Call(service, f"{method} {path}", path)
