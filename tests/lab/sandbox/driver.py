"""`python driver.py`: as the caller of the sandbox, run hostile.py behind a wall, and print what it gained.

The first argument is JSON: `network`, whether the wall has the network of the machine.
"""

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from lab.sandbox import Bounds, Wall, found, run

REFUSED = "refused"
ADD_KEY, KEYCTL = (248, 250) if os.uname().machine == "x86_64" else (217, 219)
JOIN_SESSION_KEYRING, SESSION_KEYRING = 1, -3
HOSTILE = Path(__file__).with_name("hostile.py")
SECRET = "the password of the caller"
BOUNDS = Bounds(processes=40, files=60, disk=2**20, seconds=60)


def main(network: bool) -> None:
    means = found()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        place.chmod(0o755)
        code, outside, writable, temporary = (
            place / name for name in ("code", "outside", "writable", "temporary")
        )
        for folder in (code, outside, writable, temporary):
            folder.mkdir(mode=0o755)
        if os.geteuid() == 0:
            for folder in (writable, temporary):
                os.chown(folder, means.uid, means.uid)
        shutil.copy(HOSTILE, code)
        (code / "code.py").write_text("code")
        (outside / "file").write_text("content")
        (code / "link").symlink_to(outside / "file")
        home_file = stack.enter_context(tempfile.NamedTemporaryFile("w", dir=Path.home()))
        sleeper = subprocess.Popen(["sleep", "60"], env={"SECRET": SECRET})
        stack.callback(sleeper.wait)
        stack.callback(sleeper.kill)
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        name = f"lab-test-{os.getpid()}"
        abstract.bind("\0" + name)
        abstract.listen()
        wall = Wall(
            readable={code: Path("/lab")},
            writable={writable: Path("/writable")},
            network=network,
            environment={"PATH": "/usr/bin:/bin", "GIVEN": "given", "LD_PRELOAD": str(outside / "file")},
            folder=code,
            temporary=temporary,
        )
        report = {
            "home": str(Path.home()),
            "home_file": home_file.name,
            "file": str(outside / "file"),
            "prefix": sys.prefix,
            "secret": SECRET,
            "pid": sleeper.pid,
            "port": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "abstract": name,
            "writable": str(wall.inside(writable, means)),
            "processes": BOUNDS.processes,
            "files": BOUNDS.files,
            "disk": BOUNDS.disk,
        }
        os.environ["SECRET"] = SECRET
        _add_key()
        hostile = wall.inside(code / HOSTILE.name, means)
        finished = run([sys.executable, hostile, json.dumps(report)], wall, BOUNDS, means)
        sys.stderr.write(finished.stderr.decode())
        gained = json.loads(finished.stdout)
        gained["change a file outside"] = _changed(outside / "file")
        gained["send to a UDP port of the machine"] = _received(udp)
        sys.stdout.write(json.dumps({"level": means.level, "gained": gained}))


def _add_key() -> None:
    """Put the secret into a session keyring, which child processes share."""
    libc = ctypes.CDLL(None)
    libc.syscall(KEYCTL, JOIN_SESSION_KEYRING, b"lab-test")
    assert libc.syscall(ADD_KEY, b"user", b"lab-test", SECRET.encode(), len(SECRET), SESSION_KEYRING) > 0


def _changed(file: Path) -> str:
    return REFUSED if file.read_text() == "content" else "changed"


def _received(udp: socket.socket) -> str:
    try:
        return str(udp.recv(10))
    except BlockingIOError:
        return REFUSED


main(json.loads(sys.argv[1])["network"])
