"""Bug 1: does workflow-service start with the compose file's environment, and use the address given there?"""

from lab.probing.bench import Bench, Service, require_running
from lab.probing.client import Reply, request
from lab.probing.evidence import Evidence, Figure, Verdict, sentence
from lab.probing.statements import counted

from .devices import DEVICE_SERVICE, Device, LaboratoryConnection, open_connection
from .workflows import WORKFLOW_SERVICE, misrouted

RUNNING_WORKFLOW = """
INSERT INTO workflows (id, name, device_id, status, started_at) VALUES (%s, 'Probe', %s, 'running', now())
"""


def probe(bench: Bench) -> Evidence:
    """Complete a running workflow, for which workflow-service has to release a device over HTTP."""
    service = bench.service(WORKFLOW_SERVICE)
    require_running(service)
    health = request(service.url, "/health")
    document = health.json
    if not health.ok or not isinstance(document, dict) or document.get("status") != "healthy":
        return Evidence(Verdict.PRESENT, sentence(f"{WORKFLOW_SERVICE} runs, but {health}"))
    require_running(*bench.replicas(DEVICE_SERVICE))
    with open_connection(bench.database) as connection:
        reply, device, reached = _complete(bench, service, connection)
        figures = (Figure.duration("time to release a device through both services", reply.seconds),)
        if not reached:
            found = f"{reply}; the device stays {device}"
            why = f"{WORKFLOW_SERVICE} starts, but does not reach {DEVICE_SERVICE}: {found}."
            return Evidence(Verdict.MASKED, why, figures)
        return _follows_environment(bench, connection, figures)


def _follows_environment(
    bench: Bench, connection: LaboratoryConnection, figures: tuple[Figure, ...]
) -> Evidence:
    """Masked if the address of device-service does not come from the environment; else fixed."""
    if not any(DEVICE_SERVICE in text for text in bench.environment(WORKFLOW_SERVICE).values()):
        why = f"{WORKFLOW_SERVICE} reaches {DEVICE_SERVICE}, but its environment does not give the address."
        return Evidence(Verdict.MASKED, why, figures)
    other = misrouted(bench)
    try:
        if not other.problem:
            reply, _, reached = _complete(bench, other, connection)
            bench.raw["misrouted"] = str(reply)
            if reached:
                why = f"With another address, {WORKFLOW_SERVICE} still reaches the same {DEVICE_SERVICE}."
                return Evidence(Verdict.MASKED, why, figures)
    finally:
        other.stop()
    why = f"{WORKFLOW_SERVICE} reaches {DEVICE_SERVICE} at the address that its environment gives."
    return Evidence(Verdict.FIXED, why, figures)


def _complete(bench: Bench, service: Service, connection: LaboratoryConnection) -> tuple[Reply, Device, bool]:
    """Complete a workflow that holds a device: the reply, the device, and whether device-service was reached.

    It was reached if the device is free, or if device-service queried the database: what it then did is not
    part of this bug.
    """
    device, workflow = connection.new_busy_device()
    connection.query(RUNNING_WORKFLOW, workflow, device)
    role = bench.replicas(DEVICE_SERVICE)[0].role
    with counted(connection) as count:
        reply = request(service.url, f"/workflows/{workflow}/complete", method="POST", body={})
    after = connection.device(device)
    return reply, after, after.free or (role != service.role and count.of(role) > 0)
