"""The calls that workflow-service makes to device-service, and what its answers mean here.

A refusal (409) is passed on; any other answer than expected is a 502 that quotes it; no connection is a
503 and no answer in time a 504.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests

from app.common import errors

EXTENSION = "lab.device_client"
TIMEOUT_SECONDS = 5.0


class DeviceClient:
    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def book(self, device_id: str, workflow_id: str) -> None:
        """Have the device booked by the workflow; done already is as good.

        A booking whose answer got lost leaves the device held by a workflow that is still pending. Its next
        start finds that here and goes on.
        """
        path = f"/device/{quote(device_id, safe='')}/reserve"
        answer = self._send("POST", path, {"workflow_id": workflow_id})
        if answer.status_code == HTTPStatus.OK and _member(answer, "workflow_id") == workflow_id:
            return
        if answer.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
            device = self._find(device_id)
            if device is None:
                raise errors.Conflict(f"device-service has no device {device_id!r}.")
            if answer.status_code == HTTPStatus.CONFLICT:
                if device.get("workflow_id") == workflow_id:
                    return
                raise errors.Conflict(_quoted(answer))
        raise errors.ApiError(_quoted(answer), 502)

    def release(self, device_id: str, workflow_id: str) -> None:
        """Have the device no longer held by the workflow; done already (403, 409) is as good."""
        path = f"/devices/{quote(device_id, safe='')}/release"
        answer = self._send("POST", path, {"workflow_id": workflow_id})
        done = {HTTPStatus.OK, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT}
        if answer.status_code not in done:
            raise errors.ApiError(_quoted(answer), 502)

    def _find(self, device_id: str) -> dict[str, Any] | None:
        answer = self._send("GET", f"/devices/{quote(device_id, safe='')}")
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if answer.status_code != HTTPStatus.OK or _member(answer, "id") != device_id:
            raise errors.ApiError(_quoted(answer), 502)
        found: dict[str, Any] = answer.json()
        return found

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        try:
            with requests.Session() as session:
                session.trust_env = False  # a proxy in the environment is not meant for the service next door
                return session.request(
                    method, self._base_url + path, json=body, timeout=TIMEOUT_SECONDS, allow_redirects=False
                )
        except requests.Timeout:
            raise errors.ApiError("device-service did not answer in time.", 504) from None
        except requests.RequestException as error:
            raise errors.ApiError(
                f"device-service is out of reach at {self._base_url}: {error}", 503
            ) from error


def _member(answer: requests.Response, name: str) -> Any:
    """One member of the answer's JSON object; None when it is anything else."""
    try:
        body = answer.json()
    except ValueError:
        return None
    return body.get(name) if isinstance(body, dict) else None


def _quoted(answer: requests.Response) -> str:
    request = answer.request
    reason = _member(answer, "error") or answer.reason
    return f"device-service answered {answer.status_code} to {request.method} {request.path_url}: {reason}"
