"""A trusted program in a box: it runs a PostgreSQL server and walled processes, and prints what they saw.

Its argument is the folder of PostgreSQL's programs. /pg is for the data, /secret for itself.
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg2

from lab.sandbox import Bounds, Wall, found, run, walled

PASSWORD = os.environ["PASSWORD"]
SERVICE = """
import http.server, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
socketserver.TCPServer(("127.0.0.1", 5001), Handler).serve_forever()
"""
CANDIDATE = """
import json, os, socket, sys
from pathlib import Path
def attempt(action):
    try:
        return str(action())
    except Exception as error:
        return f"refused: {error}"
import psycopg2
def connect(password):
    return psycopg2.connect(f"host=127.0.0.1 user=postgres password={password}").server_version
def environments():
    return b"".join(p.read_bytes() for p in Path("/proc").glob("[0-9]*/environ"))
print(json.dumps({
    "service": attempt(lambda: socket.create_connection(("127.0.0.1", 5001), 5)),
    "outside": attempt(lambda: socket.create_connection(("192.0.2.1", 80), 1)),
    "server": attempt(lambda: connect("guessed")),
    "data": attempt(lambda: os.listdir("/pg")),
    "secret": attempt(lambda: os.listdir("/secret")),
    "processes": sorted(p.name for p in Path("/proc").glob("[0-9]*")),
    "environments": attempt(lambda: sys.argv[1] in environments().decode()),
    "temporary": os.listdir("/tmp"),
}))
"""


def wait_for_port(port: int) -> None:
    """Return when the port accepts connections. Raises ConnectionRefusedError: not within 30 s."""
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def main(programs: Path) -> None:
    Path("/secret/password").write_text(PASSWORD)
    Path("/tmp/of the prober").touch()
    initdb = [programs / "initdb", "-D", "/pg/data", "-U", "postgres", "-A", "scram-sha-256"]
    subprocess.run([*initdb, "--pwfile=/secret/password", "-N"], check=True, stdout=sys.stderr)
    options = "-k /secret -c fsync=off"
    subprocess.run(
        [programs / "pg_ctl", "-D", "/pg/data", "-w", "-l", "/secret/log", "-o", options, "start"],
        check=True,
        stdout=sys.stderr,
    )
    means = found()
    wall = Wall(network=True, environment={"PATH": "/usr/bin:/bin"})
    service = walled([sys.executable, "-c", SERVICE], wall, Bounds(), means)
    with subprocess.Popen(service.argv, env=service.environment, process_group=0) as process:
        wait_for_port(5001)
        hint = PASSWORD[:-1]  # not all of it: the arguments can be read inside
        seen = run([sys.executable, "-c", CANDIDATE, hint], wall, Bounds(), means)
        process.kill()
    address = f"host=127.0.0.1 user=postgres dbname=postgres password={PASSWORD}"
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        answer = cursor.fetchone()
    subprocess.run(
        [programs / "pg_ctl", "-D", "/pg/data", "-w", "-m", "fast", "stop"], check=True, stdout=sys.stderr
    )
    sys.stderr.write(seen.stderr.decode())
    sys.stdout.write(json.dumps({"level": means.level, "answer": answer, "seen": json.loads(seen.stdout)}))


main(Path(sys.argv[1]))
