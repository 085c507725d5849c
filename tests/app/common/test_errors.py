import psycopg2
import pytest
from flask.testing import FlaskClient
from sqlalchemy import exc

from app.device_service import queries


@pytest.mark.parametrize("text", ["", "\n", "the server closed the connection\n\tprobably it is gone\n"])
def test_a_lost_database_connection_is_503_with_any_message(
    devices_alone: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    def gone(_: object) -> None:
        raise exc.OperationalError("SELECT 1", None, psycopg2.OperationalError(text))

    monkeypatch.setattr(queries, "list_devices", gone)
    answer = devices_alone.get("/devices")
    assert (answer.status_code, answer.json) == (503, {"error": "The database is out of reach."})
    reason = text.strip().partition("\n")[0] or "OperationalError"
    assert f"the database is out of reach: {reason}" in caplog.messages
