"""Instances of workflow-service with a chosen address of device-service, for probes of its other bugs."""

from urllib.parse import urlsplit

from lab.probes.endpoints import (
    DEVICE_SERVICE,
    DEVICE_URL,
    WORKFLOW_SERVICE,
    Endpoints,
    Service,
    ServiceFailed,
)

REACHABLE = f"http://{DEVICE_SERVICE}:5001"
UNREACHABLE = "http://db:5001"
"""A host that resolves, and a port on which nothing listens."""

CONFIGURED = "configured"
START_BUG = 1
"""The bug that prevents workflow-service from starting with the compose file's environment."""


def configured(endpoints: Endpoints) -> Service:
    """An instance that is given the address of device-service, whether or not the compose file gives it.

    A missing address is bug 1. It is corrected here so that the other bugs are measured independently of it.

    Raises:
        ServiceFailed: it does not start with the address either.
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
    """An instance whose environment gives it an address at which nothing listens."""
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
