"""`python -m seed`: seed the migrated, empty database of LAB_DATABASE_URL, in one transaction.

The same --rows and --seed give the same rows. The server makes them, so this process needs little memory.
"""

import argparse
import os
import random
import sys
from collections.abc import Sequence
from contextlib import closing

import psycopg2

BATCH = 5000
PER_CUSTOMER = 20
"""Tickets of one customer, on average."""

CUSTOMERS = "INSERT INTO customers (id, name) SELECT n, 'Customer ' || n FROM generate_series(1, %s) AS n"
TICKETS = """
INSERT INTO tickets (id, customer_id, subject, status, opened_at)
SELECT n, 1 + floor(random() * %(customers)s), 'Order ' || 100000 + n || ' has not arrived',
       (ARRAY['open', 'waiting', 'closed', 'closed'])[1 + floor(random() * 4)],
       timestamp '2024-01-01' + n * interval '10 minutes'
  FROM generate_series(%(first)s, %(last)s) AS n
"""
COMMENTS = """
INSERT INTO comments (id, ticket_id, author, body)
SELECT 3 * t.id - n, t.id, (ARRAY['customer', 'support'])[1 + n %% 2],
       'Message ' || 3 - n || ' on ticket ' || t.id
  FROM tickets AS t, generate_series(0, 2) AS n
 WHERE t.id BETWEEN %(first)s AND %(last)s AND t.status <> 'open'
"""
SEQUENCE = "SELECT setval(pg_get_serial_sequence('{0}', 'id'), max(id)) FROM {0}"
TABLES = ("customers", "tickets", "comments")


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 seeded, 2 wrong usage, 3 there are rows already, 4 the database failed."""
    parser = argparse.ArgumentParser(prog="python -m seed", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, metavar="N", help="number of tickets")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of their random values")
    parser.add_argument("--if-empty", action="store_true", help="exit with 0 if there are rows already")
    wanted = parser.parse_args(argv)
    if wanted.rows < 1:
        parser.error("--rows must be at least 1")
    # libpq rejects SQLAlchemy's driver name in postgresql+psycopg2://.
    url = os.environ.get("LAB_DATABASE_URL", "").replace("+psycopg2", "", 1)
    try:
        with closing(psycopg2.connect(url, application_name="seed", connect_timeout=5)) as connection:
            with connection, connection.cursor() as cursor:
                cursor.execute("LOCK TABLE customers IN SHARE ROW EXCLUSIVE MODE")
                cursor.execute("SELECT EXISTS (SELECT FROM customers)")
                if cursor.fetchone() == (True,):
                    _say("The database has rows already. It was not changed.")
                    return 0 if wanted.if_empty else 3
                _fill(cursor, wanted.rows, wanted.seed)
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"VACUUM (FREEZE, ANALYZE) {', '.join(TABLES)}")
    except psycopg2.Error as error:
        _say(f"python -m seed: {' '.join(str(error).split())}")
        return 4
    return 0


def _fill(cursor: psycopg2.extensions.cursor, rows: int, seed: int) -> None:
    customers = 1 + rows // PER_CUSTOMER
    cursor.execute(CUSTOMERS, (customers,))
    for first in range(1, rows + 1, BATCH):
        last = min(first + BATCH - 1, rows)
        cursor.execute("SELECT setseed(%s)", (random.Random(f"{seed}:{first}").uniform(-1, 1),))
        cursor.execute(TICKETS, {"customers": customers, "first": first, "last": last})
        cursor.execute(COMMENTS, {"first": first, "last": last})
        _say(f"{last:,} of {rows:,} rows")
    for table in TABLES:
        cursor.execute(SEQUENCE.format(table))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
