"""Add execution logs before the oldest one, until there are enough: python -m seed.top_up --rows N

The database is that of LAB_DATABASE_URL.
"""

import argparse
import os
import sys

INSERT_LOGS = """
INSERT INTO execution_logs
    (id, device_id, workflow_id, operation, status, message, started_at, completed_at, duration_ms)
SELECT oldest.id - n, device[1 + n %% cardinality(device)],
       '7a1c39d2-5be0-4000-8000-' || lpad(to_hex(n), 12, '0'), 'spin', 'completed',
       'Plate P-' || lpad(n::text, 7, '0') || ': spun at 3000 x g, rotor balanced',
       oldest.started_at - n * interval '10 minutes',
       oldest.started_at - n * interval '10 minutes' + interval '90 s', 90000
  FROM generate_series(1, %s) AS n,
       (SELECT array_agg(id ORDER BY id) AS device FROM devices) AS every,
       (SELECT coalesce(min(id), 1) AS id, coalesce(min(started_at), timestamp '2016-01-01') AS started_at
          FROM execution_logs) AS oldest
"""
SET_SEQUENCE = """
SELECT setval(pg_get_serial_sequence('execution_logs', 'id'), greatest(max(id), 1)) FROM execution_logs
"""
SETTLE = "VACUUM (FREEZE, ANALYZE) execution_logs"


def top_up(url: str, rows: int) -> int:
    """Insert logs until there are `rows`, and return how many were inserted. Raises psycopg2.Error."""
    import psycopg2

    connection = psycopg2.connect(url.replace("postgresql+psycopg2://", "postgresql://", 1))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM execution_logs")
            (count,) = cursor.fetchone() or (0,)
            missing = max(0, rows - int(count))
            if missing:
                cursor.execute(INSERT_LOGS, (missing,))
                cursor.execute(SET_SEQUENCE)
                cursor.execute(SETTLE)
        return missing
    finally:
        connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m seed.top_up", description=__doc__)
    parser.add_argument("--rows", type=int, required=True, metavar="N", help="how many there must be")
    wanted = parser.parse_args()
    try:
        added = top_up(os.environ["LAB_DATABASE_URL"], wanted.rows)
    except Exception as error:  # one line, whatever failed
        print(f"python -m seed.top_up: {type(error).__name__}: {error}".splitlines()[0], file=sys.stderr)
        return 4
    print(f"{added:,} execution logs added.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
