"""Bug 1: does workflow-service start with the compose file's environment, and use the address given there?"""

from lab.probes.client import Reply, request
from lab.probes.connection import Device, ProbeConnection, open_connection
from lab.probes.endpoints import DEVICE_SERVICE, WORKFLOW_SERVICE, Endpoints, Service, require_running
from lab.probes.evidence import Evidence, Figure, Verdict
from lab.probes.statements import counted
from lab.probes.workflows import misrouted

BUG = 1
NEEDS: tuple[str, ...] = (DEVICE_SERVICE, WORKFLOW_SERVICE)
RUNNING_WORKFLOW = """
INSERT INTO workflows (id, name, device_id, status, started_at) VALUES (%s, 'Probe', %s, 'running', now())
"""


def probe(endpoints: Endpoints) -> Evidence:
    """Complete a running workflow, for which workflow-service has to release a device over HTTP."""
    service = endpoints.workflows
    require_running(service)
    health = request(service.url, "/health")
    document = health.json
    if not health.ok or not isinstance(document, dict) or document.get("status") != "healthy":
        return Evidence(BUG, Verdict.PRESENT, f"{WORKFLOW_SERVICE} runs, but {health}.")
    require_running(*endpoints.devices)
    with open_connection(endpoints.database) as connection:
        reply, device, reached = _complete(endpoints, service, connection)
        figures = (Figure.duration("time to release a device through both services", reply.seconds),)
        if not reached:
            found = f"{reply}; the device stays {device}"
            why = f"{WORKFLOW_SERVICE} starts, but does not reach {DEVICE_SERVICE}: {found}."
            return Evidence(BUG, Verdict.MASKED, why, figures)
        return _follows_environment(endpoints, connection, figures)


def _follows_environment(
    endpoints: Endpoints, connection: ProbeConnection, figures: tuple[Figure, ...]
) -> Evidence:
    """Masked if the address of device-service does not come from the environment; else fixed."""
    if not any(DEVICE_SERVICE in text for text in endpoints.workflows.environment.values()):
        why = f"{WORKFLOW_SERVICE} reaches {DEVICE_SERVICE}, but its environment does not give the address."
        return Evidence(BUG, Verdict.MASKED, why, figures)
    other = misrouted(endpoints)
    try:
        if not other.problem:
            reply, _, reached = _complete(endpoints, other, connection)
            endpoints.raw["misrouted"] = str(reply)
            if reached:
                why = f"With another address, {WORKFLOW_SERVICE} still reaches the same {DEVICE_SERVICE}."
                return Evidence(BUG, Verdict.MASKED, why, figures)
    finally:
        other.stop()
    why = f"{WORKFLOW_SERVICE} reaches {DEVICE_SERVICE} at the address that its environment gives."
    return Evidence(BUG, Verdict.FIXED, why, figures)


def _complete(
    endpoints: Endpoints, service: Service, connection: ProbeConnection
) -> tuple[Reply, Device, bool]:
    """Complete a workflow that holds a device: the reply, the device, and whether device-service was reached.

    It was reached if the device is free, or if device-service queried the database: what it then did is not
    part of this bug.
    """
    device, workflow = connection.new_busy_device()
    connection.query(RUNNING_WORKFLOW, workflow, device)
    role = endpoints.devices[0].role
    with counted(connection, role) as count:
        reply = request(service.url, f"/workflows/{workflow}/complete", method="POST", body={})
    after = connection.device(device)
    return reply, after, after.free or (role != service.role and count.calls > 0)
