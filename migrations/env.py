"""Alembic environment of the candidate's history: the revisions in `versions/` and the models of `app/`."""

import app.device_service.models
import app.workflow_service.models  # noqa: F401 - imported because it declares tables
from app.common.database import Base
from migrations import history

history.run(
    {
        "target_metadata": Base.metadata,
        "compare_type": True,
        "compare_server_default": True,
    }
)
