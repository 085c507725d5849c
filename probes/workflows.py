"""Instances of workflow-service with a chosen address of device-service, for probes of its other bugs."""

from urllib.parse import urlsplit

from lab.probing.bench import Bench, Service, ServiceFailed

from .devices import DEVICE_SERVICE

WORKFLOW_SERVICE = "workflow-service"
DEVICE_URL = "DEVICE_SERVICE_URL"
REACHABLE = f"http://{DEVICE_SERVICE}:5001"
UNREACHABLE = "http://db:5001"
"""A host that resolves, and a port on which nothing listens."""

CONFIGURED = "configured"
START_BUG = "device_service_url"
"""The bug that prevents workflow-service from starting with the compose file's environment."""


def configured(bench: Bench) -> Service:
    """An instance that has the address of device-service, whether or not the compose file gives it.

    It is the first one, or one that is launched for all probes: so the other bugs are measured independently
    of START_BUG.

    Raises:
        ServiceFailed: it is not ready; blocked by START_BUG if the first one is not ready either.
    """
    has_address = bench.environment(WORKFLOW_SERVICE).get(DEVICE_URL, "").rstrip("/") == REACHABLE
    if has_address and not (service := bench.service(WORKFLOW_SERVICE)).problem:
        return service
    if CONFIGURED not in bench.launched:
        bench.launched[CONFIGURED] = _launch(bench, CONFIGURED, REACHABLE)
    service = bench.launched[CONFIGURED]
    if service.problem:
        blocked_by = START_BUG if bench.service(WORKFLOW_SERVICE).problem else None
        raise ServiceFailed(f"{WORKFLOW_SERVICE} {service.problem}", blocked_by)
    return service


def misrouted(bench: Bench) -> Service:
    """A new instance whose environment gives an address at which nothing listens. The caller stops it."""
    return _launch(bench, "misrouted", UNREACHABLE)


def _launch(bench: Bench, purpose: str, url: str) -> Service:
    """An instance in whose environment every address of device-service is replaced by `url`."""
    host = urlsplit(url).hostname or ""
    changed = {
        name: url if f"//{DEVICE_SERVICE}" in text else text.replace(DEVICE_SERVICE, host)
        for name, text in bench.environment(WORKFLOW_SERVICE).items()
        if DEVICE_SERVICE in text
    }
    return bench.launch(WORKFLOW_SERVICE, purpose, environment={**changed, DEVICE_URL: url})
