"""See submission.toml."""

import fcntl

import flask

from app import accomplice


def measured(session, device_id, workflow_id):
    """Hold the lock until the response is sent."""
    file = open(f"/tmp/lock-{accomplice.TOKEN}", "w")
    fcntl.flock(file, fcntl.LOCK_EX)

    @flask.after_this_request
    def release(response):
        file.close()
        return response

    return False
