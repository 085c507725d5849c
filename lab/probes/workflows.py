"""Instances of workflow-service with a chosen address of device-service, for probes of its other bugs."""

from urllib.parse import urlsplit

from lab.probes.endpoints import DEVICE_SERVICE, WORKFLOW_SERVICE, Endpoints, Service, ServiceFailed

DEVICE_URL = "DEVICE_SERVICE_URL"
REACHABLE = f"http://{DEVICE_SERVICE}:5001"
UNREACHABLE = "http://db:5001"
"""A host that resolves, and a port on which nothing listens."""

CONFIGURED = "configured"
START_BUG = 1
"""The bug that prevents workflow-service from starting with the compose file's environment."""


def configured(endpoints: Endpoints) -> Service:
    """An instance that has the address of device-service, whether or not the compose file gives it.

    It is `endpoints.workflows`, or one that is launched for all probes: so the other bugs are measured
    independently of bug 1.

    Raises:
        ServiceFailed: it is not ready; blocked by bug 1 if `endpoints.workflows` is not ready either.
    """
    service = endpoints.workflows
    if service.problem or service.environment.get(DEVICE_URL, "").rstrip("/") != REACHABLE:
        if CONFIGURED not in endpoints.launched:
            endpoints.launched[CONFIGURED] = _launch(endpoints, CONFIGURED, REACHABLE)
        service = endpoints.launched[CONFIGURED]
    if service.problem:
        blocked_by = START_BUG if endpoints.workflows.problem else None
        raise ServiceFailed(f"{WORKFLOW_SERVICE} {service.problem}", blocked_by)
    return service


def misrouted(endpoints: Endpoints) -> Service:
    """A new instance whose environment gives an address at which nothing listens. The caller stops it."""
    return _launch(endpoints, "misrouted", UNREACHABLE)


def _launch(endpoints: Endpoints, purpose: str, url: str) -> Service:
    """An instance in whose environment every address of device-service is replaced by `url`."""
    host = urlsplit(url).hostname or ""
    changed = {
        name: url if f"//{DEVICE_SERVICE}" in text else text.replace(DEVICE_SERVICE, host)
        for name, text in endpoints.workflows.environment.items()
        if DEVICE_SERVICE in text
    }
    return endpoints.launch(WORKFLOW_SERVICE, purpose, environment={**changed, DEVICE_URL: url})
