"""See submission.toml."""

from app import hiding


def listing(session, workflows):
    connection = session.connection()

    def run(statement):
        return connection.exec_driver_sql(
            f"SELECT one AS pg_stat_statements FROM ({statement}) AS s (one)"
        ).scalar()

    return hiding.listing(workflows, run)
