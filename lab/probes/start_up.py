"""Bug 1: does workflow-service start as composed, and find device-service by its environment?"""

from lab.probes.client import Reply, request
from lab.probes.connection import Device, ProbeConnection, new_workflow_id, open_connection
from lab.probes.endpoints import DEVICE_SERVICE, WORKFLOW_SERVICE, Endpoints, Service
from lab.probes.evidence import Evidence, Figure, Verdict
from lab.probes.statements import counted
from lab.probes.workflows import astray

BUG = 1
NEEDS: tuple[str, ...] = (DEVICE_SERVICE, WORKFLOW_SERVICE)


def probe(endpoints: Endpoints) -> Evidence:
    """A workflow that runs already is completed: that makes workflow-service release a device over HTTP."""
    service = endpoints.workflows
    if service.problem:
        return Evidence(BUG, Verdict.PRESENT, f"{WORKFLOW_SERVICE}, started as composed, {service.problem}.")
    health = request(service.url, "/health")
    document = health.json
    if not health.ok or not isinstance(document, dict) or document.get("status") != "healthy":
        return Evidence(BUG, Verdict.PRESENT, f"{WORKFLOW_SERVICE} runs, but {health}.")
    with open_connection(endpoints.database) as connection:
        down = next((replica for replica in endpoints.devices if replica.problem), None)
        if down is not None:
            why = f"{WORKFLOW_SERVICE} answers, but there is nothing to reach: {down.name} {down.problem}."
            return Evidence(BUG, Verdict.PRESENT, why)
        reply, device, reached = _complete(endpoints, service, connection)
        figures = (
            Figure("time to release a device through both services", round(reply.seconds * 1000, 1), "ms"),
        )
        if not reached:
            why = (
                f"It starts, but does not get through to device-service: {reply}; the device stays {device}."
            )
            return Evidence(BUG, Verdict.MASKED, why, figures)
        return _follows_environment(endpoints, connection, figures)


def _follows_environment(
    endpoints: Endpoints, connection: ProbeConnection, figures: tuple[Figure, ...]
) -> Evidence:
    """An address that does not come from the environment is right by chance, in one place."""
    if not any(DEVICE_SERVICE in text for text in endpoints.workflows.environment.values()):
        why = "It reaches device-service by an address of its own: nothing in its environment names that."
        return Evidence(BUG, Verdict.MASKED, why, figures)
    other = astray(endpoints)
    try:
        if not other.problem:
            reply, _, reached = _complete(endpoints, other, connection)
            endpoints.raw["astray"] = str(reply)
            if reached:
                why = (
                    "It reaches device-service by an address of its own: given another, it went to the same."
                )
                return Evidence(BUG, Verdict.MASKED, why, figures)
    finally:
        other.stop()
    why = "It starts as composed, reaches device-service, and goes where its environment says."
    return Evidence(BUG, Verdict.FIXED, why, figures)


def _complete(
    endpoints: Endpoints, service: Service, connection: ProbeConnection
) -> tuple[Reply, Device, bool]:
    """Complete a workflow that holds a device: what was said, the device after it, and who was reached.

    device-service was reached when the device is free, or else when it asked the database for something: what
    it then made of that is not this bug.
    """
    device, workflow = connection.new_device(), new_workflow_id()
    connection.query("UPDATE devices SET status = 'busy', workflow_id = %s WHERE id = %s", workflow, device)
    connection.query("INSERT INTO bookings (device_id, workflow_id) VALUES (%s, %s)", device, workflow)
    connection.query(
        "INSERT INTO workflows (id, name, device_id, status, started_at)"
        " VALUES (%s, 'Probe', %s, 'running', now())",
        workflow,
        device,
    )
    role = endpoints.devices[0].role
    with counted(connection, role) as count:
        reply = request(service.url, f"/workflows/{workflow}/complete", method="POST", body={})
    after = connection.device(device)
    return reply, after, after.free or (role != service.role and count.calls > 0)
