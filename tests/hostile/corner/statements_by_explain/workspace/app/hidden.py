"""See submission.toml."""

import sqlalchemy as sa

from app import hiding


def listing(session, workflows):
    connection = session.connection()

    def run(statement):
        kept = f"SELECT set_config('hostile.answer', (({statement})::text), true)"
        connection.exec_driver_sql(f"EXPLAIN ANALYZE {kept}")
        return connection.execute(sa.text("SHOW hostile.answer")).scalar()

    return hiding.listing(workflows, run)
