import os

import sqlalchemy as sa
from alembic import context

from app.models import Base

url = os.environ["LAB_DATABASE_URL"]
with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
