"""Start and complete a workflow: change its status here, and book or release its device in device-service.

Both take three steps: a short transaction that checks the workflow, the HTTP call, and a short transaction
that changes the status. No transaction is open during the call, so a slow device-service holds no lock in the
database.

If the call fails or its answer is lost, the status is unchanged and the client can repeat the request:
`DeviceClient` accepts a booking or a release that has been made already.

Requests for one workflow can overlap. The second transaction requires the old status, so of several starts,
or of several completions, one succeeds.
"""

from typing import Any

from app.common import database, errors
from app.workflow_service import queries
from app.workflow_service.device_client import DeviceClient


def start(devices: DeviceClient, workflow_id: str) -> dict[str, Any]:
    """Book the device and mark the workflow as running. Return the workflow as the API shows it.

    Raises:
        NotFound: there is no such workflow.
        Conflict: the workflow is not pending, or the device cannot be booked.
        ApiError: the call to device-service failed; this request has not started the workflow.
    """
    with database.transaction() as session:
        device_id = queries.get_pending(session, workflow_id).device_id
    try:
        devices.book(device_id, workflow_id)
        with database.transaction() as session:
            return queries.describe(session, queries.mark_running(session, workflow_id))
    except errors.ApiError:
        # If another request started the workflow meanwhile, and its completion was requested as well, the
        # device may have been released before this request booked it again.
        with database.transaction() as session:
            is_ending = queries.get_workflow(session, workflow_id).completed_at is not None
        if is_ending:
            devices.release(device_id, workflow_id)
        raise


def complete(devices: DeviceClient, workflow_id: str) -> dict[str, Any]:
    """Release the device and mark the workflow as completed. Return the workflow as the API shows it.

    Raises:
        NotFound: there is no such workflow.
        Conflict: the workflow is not running. If it was completed, its device has been released once more.
        ApiError: the call to device-service failed; the workflow is still running.
    """
    with database.transaction() as session:
        workflow = queries.get_workflow(session, workflow_id)
        if workflow.status != "completed":
            # Before the release: an overlapping start reads `completed_at` to decide whether to release.
            workflow = queries.request_completion(session, workflow_id)
        device_id = workflow.device_id
    # Repeated for a completed workflow: a late booking may have given it the device again.
    devices.release(device_id, workflow_id)
    with database.transaction() as session:
        return queries.describe(session, queries.mark_completed(session, workflow_id))
