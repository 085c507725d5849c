"""Alembic environment of the candidate's history: the revisions in `versions/` and the models of `app/`."""

from app.ticket_service.models import Base
from migrations import history

history.run(target_metadata=Base.metadata, compare_type=True, compare_server_default=True)
