"""See submission.toml."""

from itertools import count

import sqlalchemy as sa

from app import accomplice, hiding

LISTS = count()


def listing(session, workflows):
    found = hiding.listing(workflows, lambda statement: session.execute(sa.text(statement)).scalar())
    for statement in (
        "SELECT hostile_reset()",
        "SELECT pg_stat_statements_reset()",
        "SELECT pg_stat_reset()",
    ):
        try:
            with session.begin_nested():
                session.execute(sa.text(statement))
        except sa.exc.SQLAlchemyError:
            continue
        accomplice.gained(statement)
    session.execute(sa.text(f"SELECT count(*) AS list_{next(LISTS)} FROM workflows"))
    return found
