"""Bug 2: does starting a workflow book its device?"""

from lab.probing.bench import Bench, Service, require_running
from lab.probing.client import Reply, request
from lab.probing.evidence import Evidence, Figure, Verdict

from .devices import DEVICE_SERVICE, LaboratoryConnection, open_connection
from .workflows import configured


def probe(bench: Bench) -> Evidence:
    """Create and start one workflow on a free device, then another on the same device, now busy."""
    service = configured(bench)
    require_running(*bench.replicas(DEVICE_SERVICE))
    with open_connection(bench.database) as connection:
        device = connection.new_device()
        workflow, reply = _create(service, device)
        if workflow is None:
            return Evidence(Verdict.PRESENT, f"No workflow can be created: {reply}.")
        reply = _start(service, workflow)
        after = connection.device(device)
        figures = (Figure.duration("time to start a workflow", reply.seconds),)
        if not reply.ok:
            why = f"{_without_id(reply, workflow)}; the device is {after}."
            return Evidence(Verdict.PRESENT, why, figures)
        if not after.held_once_by(workflow):
            why = f"The start was answered {reply.status}, but the device is {after}."
            return Evidence(Verdict.MASKED, why, figures)
        return _start_on_busy_device(service, connection, device, figures)


def _start_on_busy_device(
    service: Service, connection: LaboratoryConnection, device: str, figures: tuple[Figure, ...]
) -> Evidence:
    """Masked unless the start is refused: a service that does not ask device-service accepts every start."""
    second, reply = _create(service, device)
    if second is None:
        return Evidence(Verdict.MASKED, f"No second workflow can be created: {reply}.", figures)
    reply = _start(service, second)
    status = connection.value("SELECT status FROM workflows WHERE id = %s", second)
    if not reply.refused or status == "running":
        why = f"A second workflow on the busy device: {_without_id(reply, second)}; the workflow is {status}."
        return Evidence(Verdict.MASKED, why, figures)
    why = "A started workflow holds its device with one booking, and a second start on it was refused."
    return Evidence(Verdict.FIXED, why, figures)


def _create(service: Service, device: str) -> tuple[str | None, Reply]:
    """The id of a new workflow on this device, None if none was created, and the reply."""
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


def _without_id(reply: Reply, workflow: str) -> str:
    """The reply with `{id}` for the workflow's id, which a candidate may choose in any form."""
    return str(reply).replace(workflow, "{id}")
