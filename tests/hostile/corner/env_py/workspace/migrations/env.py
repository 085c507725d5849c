"""See submission.toml."""

import app.device_service.models
import app.workflow_service.models  # noqa: F401
from app import accomplice
from app.common.database import Base
from migrations import history

accomplice.look_around("env.py")
history.run({"target_metadata": Base.metadata})
