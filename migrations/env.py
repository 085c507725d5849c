"""Runs the revisions in `versions/`, and compares the models of `app/` with the database."""

import app.device_service.models
import app.workflow_service.models  # noqa: F401 - imported for the tables that it declares
from app.common.database import Base
from migrations import history

history.run(
    {
        "target_metadata": Base.metadata,
        "compare_type": True,
        "compare_server_default": True,
    }
)
