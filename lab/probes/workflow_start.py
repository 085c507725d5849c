"""Bug 2: does starting a workflow book its device?"""

from lab.probes.client import Reply, request
from lab.probes.connection import ProbeConnection, open_connection
from lab.probes.endpoints import DEVICE_SERVICE, WORKFLOW_SERVICE, Endpoints, Service
from lab.probes.evidence import Evidence, Figure, Verdict
from lab.probes.workflows import not_started, started

BUG = 2
NEEDS: tuple[str, ...] = (DEVICE_SERVICE, WORKFLOW_SERVICE)


def probe(endpoints: Endpoints) -> Evidence:
    """Create and start one workflow on a free device, then another on the same device, now busy."""
    service = started(endpoints)
    if service.problem:
        return not_started(BUG, endpoints, service)
    down = next((replica for replica in endpoints.devices if replica.problem), None)
    if down is not None:
        return Evidence(BUG, Verdict.PRESENT, f"No device can be booked: {down.name} {down.problem}.")
    with open_connection(endpoints.database) as connection:
        device = connection.new_device()
        workflow, reply = _create(service, device)
        if workflow is None:
            return Evidence(BUG, Verdict.PRESENT, f"No workflow can be created: {reply}.")
        reply = _start(service, workflow)
        after = connection.device(device)
        figures = (Figure("time to start a workflow", round(reply.seconds * 1000, 1), "ms"),)
        if not reply.ok:
            return Evidence(
                BUG, Verdict.PRESENT, f"{_short(reply, workflow)}; the device is {after}.", figures
            )
        if not after.held_once_by(workflow):
            why = f"The start was answered {reply.status}, but the device is {after}."
            return Evidence(BUG, Verdict.MASKED, why, figures)
        return _on_a_busy_device(service, connection, device, figures)


def _on_a_busy_device(
    service: Service, connection: ProbeConnection, device: str, figures: tuple[Figure, ...]
) -> Evidence:
    """A refusal by device-service has to come through: what always says yes books nothing."""
    second, reply = _create(service, device)
    if second is None:
        return Evidence(BUG, Verdict.MASKED, f"No second workflow can be created: {reply}.", figures)
    reply = _start(service, second)
    status = connection.value("SELECT status FROM workflows WHERE id = %s", second)
    if not reply.refused or status == "running":
        why = f"A second workflow on the busy device: {_short(reply, second)}; the workflow is {status}."
        return Evidence(BUG, Verdict.MASKED, why, figures)
    why = "The workflow started and holds its device by one booking; a second one was refused it."
    return Evidence(BUG, Verdict.FIXED, why, figures)


def _create(service: Service, device: str) -> tuple[str | None, Reply]:
    body = {
        "name": "Probe",
        "device_id": device,
        "steps": [{"operation": "spin", "parameters": {"seconds": 60}}],
        "samples": [],
    }
    reply = request(service.url, "/workflows", method="POST", body=body)
    document = reply.json
    found = document.get("id") if reply.ok and isinstance(document, dict) else None
    return (found if isinstance(found, str) else None), reply


def _start(service: Service, workflow: str) -> Reply:
    return request(service.url, f"/workflows/{workflow}/start", method="POST", body={})


def _short(reply: Reply, workflow: str) -> str:
    return str(reply).replace(workflow, "{id}")
