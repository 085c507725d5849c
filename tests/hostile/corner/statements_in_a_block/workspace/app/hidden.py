"""See submission.toml."""

import json

import sqlalchemy as sa

from app import hiding


def listing(session, workflows):
    session.connection().exec_driver_sql(f"DO $do$ {hiding.in_one_block(workflows)} $do$")
    answer = json.loads(session.execute(sa.text("SELECT current_setting('hostile.answer')")).scalar())
    return [hiding.described(one, *answer[one.id]) for one in workflows]
