"""workflow-service for the probes that need it running: as composed, else with what bug 1 withholds."""

from urllib.parse import urlsplit

from lab.probes.endpoints import DEVICE_SERVICE, DEVICE_URL, WORKFLOW_SERVICE, Endpoints, Service
from lab.probes.evidence import Evidence, Verdict

REACHABLE = f"http://{DEVICE_SERVICE}:5001"
NOWHERE = "http://db:5001"
"""A host that resolves, at a port where nobody listens."""

GIVEN = "given"
STARTED_BY = 1
"""The bug that keeps workflow-service from starting."""


def started(endpoints: Endpoints) -> Service:
    """An instance that can reach device-service, whatever the compose file says.

    The fault of the compose file is bug 1's, so it is made good here: the other bugs of the service are
    measured for themselves.
    """
    composed = endpoints.workflows
    if not composed.problem and composed.environment.get(DEVICE_URL, "").rstrip("/") == REACHABLE:
        return composed
    if GIVEN not in endpoints.kept:
        endpoints.kept[GIVEN] = endpoints.launch(
            WORKFLOW_SERVICE, GIVEN, environment=_pointing(composed, REACHABLE)
        )
    return endpoints.kept[GIVEN]


def astray(endpoints: Endpoints) -> Service:
    """An instance whose environment leads it nowhere."""
    return endpoints.launch(WORKFLOW_SERVICE, "astray", environment=_pointing(endpoints.workflows, NOWHERE))


def not_started(bug: int, endpoints: Endpoints, service: Service) -> Evidence:
    """What there is to say of a bug in a service that does not even start with its address given."""
    if endpoints.workflows.problem:
        why = f"{WORKFLOW_SERVICE} {service.problem}."
        return Evidence(bug, Verdict.BLOCKED, why, blocked_by=STARTED_BY)
    return Evidence(bug, Verdict.PRESENT, f"{WORKFLOW_SERVICE} {service.problem}.")


def _pointing(service: Service, url: str) -> dict[str, str]:
    """The variables to change so that all of the service's ways to device-service lead to `url`."""
    host = urlsplit(url).hostname or ""
    named = {
        name: url if f"//{DEVICE_SERVICE}" in text else text.replace(DEVICE_SERVICE, host)
        for name, text in service.environment.items()
        if DEVICE_SERVICE in text
    }
    return {**named, DEVICE_URL: url}
