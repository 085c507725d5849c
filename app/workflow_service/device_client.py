"""The HTTP client for device-service.

A failed call raises an ApiError: a refusal stays a 409, any other unexpected answer is a 502 that quotes it,
no connection is a 503, and no answer within the timeout is a 504.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests

from app.common import errors

EXTENSION = "lab.device_client"
TIMEOUT_SECONDS = 5.0


class DeviceClient:
    """`timeout`, in seconds, limits the wait for a connection, and that for each part of an answer."""

    def __init__(self, base_url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout

    def book(self, device_id: str, workflow_id: str) -> None:
        """Book the device for the workflow. Succeeds if the workflow holds the device already.

        So the call can be repeated after its answer was lost.

        Raises:
            Conflict: the device is not available, or does not exist.
            ApiError: device-service could not be asked, or gave an unexpected answer.
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
        """Release the device. Succeeds if the workflow does not hold it (403, 409).

        So the call can be repeated after its answer was lost.

        Raises:
            ApiError: device-service could not be asked, or gave an unexpected answer.
        """
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
                session.trust_env = False  # a proxy from the environment must not get internal requests
                return session.request(
                    method, self._base_url + path, json=body, timeout=self._timeout, allow_redirects=False
                )
        except requests.Timeout:
            raise errors.ApiError("device-service did not answer in time.", 504) from None
        except requests.RequestException as error:
            raise errors.ApiError(
                f"device-service is out of reach at {self._base_url}: {error}", 503
            ) from error


def _member(answer: requests.Response, name: str) -> Any:
    """Return one member of the answer's JSON object, or None if the body is not a JSON object."""
    try:
        body = answer.json()
    except ValueError:
        return None
    return body.get(name) if isinstance(body, dict) else None


def _quoted(answer: requests.Response) -> str:
    request = answer.request
    reason = _member(answer, "error") or answer.reason
    return f"device-service answered {answer.status_code} to {request.method} {request.path_url}: {reason}"
