"""See submission.toml."""

import io

from app import hiding


def listing(session, workflows):
    cursor = session.connection().connection.cursor()

    def run(statement):
        found = io.StringIO()
        cursor.copy_expert(
            f"COPY ({statement}) TO STDOUT (FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02')", found
        )
        return found.getvalue().strip()

    return hiding.listing(workflows, run)
