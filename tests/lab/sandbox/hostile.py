"""Run behind a wall: try to get out, and print what each attempt came to, as JSON.

An attempt returns what it gained, and raises if it was refused. The argument is JSON: what is outside.
"""

import ctypes
import json
import os
import signal
import socket
import sys
from pathlib import Path

OUTSIDE = json.loads(sys.argv[1])
LIBC = ctypes.CDLL(None, use_errno=True)
REFUSED = "refused"
TEMPORARY = os.environ.get("TMPDIR", "/tmp")


def system_call(name, *arguments):
    if getattr(LIBC, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)
    return name


def write(path):
    existed = Path(path).exists()
    with open(path, "ab") as file:
        file.write(b"")
    if not existed:
        Path(path).unlink()
    return path


def other_pids():
    """The processes that are neither this one nor what starts it: bwrap and the first step inside."""
    own = {os.getpid(), os.getppid(), 1}
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) not in own and (entry / "cmdline").read_bytes():
            found.append(entry.name)
    return found or refuse()


def refuse():
    raise PermissionError(REFUSED)


def secret_in_an_environment():
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() or entry.name == "self":
            try:
                content = (entry / "environ").read_bytes()
            except OSError:
                continue
            if OUTSIDE["secret"].encode() in content:
                return str(entry)
    return refuse()


def key():
    number = 250 if os.uname().machine == "x86_64" else 219
    found = LIBC.syscall(number, 10, -3, b"user", b"lab-test", 0)  # KEYCTL_SEARCH in the session keyring
    content = ctypes.create_string_buffer(100)
    if found < 0 or LIBC.syscall(number, 11, found, content, 100) < 0:  # KEYCTL_READ
        raise OSError(ctypes.get_errno(), "keyctl")
    return content.value


def abstract_socket():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("\0" + OUTSIDE["abstract"])
    return OUTSIDE["abstract"]


def outside():
    """The address is of a network for documentation: it is unreachable, or nothing answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("192.0.2.1", 53))
        return client.getsockname()


def home_listing():
    file = Path(OUTSIDE["home_file"])
    return str(file) if file in Path(OUTSIDE["home"]).iterdir() else refuse()


def descriptors():
    found = []
    for number in range(3, 200):
        try:
            found.append(str(Path(f"/proc/self/fd/{number}").readlink()))
        except OSError:
            continue
    return found or refuse()


def fork_bomb():
    """Start five times as many as allowed, at most; end them all."""
    children = []
    try:
        for _ in range(5 * OUTSIDE["processes"]):
            child = os.fork()
            if not child:
                signal.pause()
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return f"{len(children)} processes"


def many_files():
    opened = []
    try:
        for _ in range(4 * OUTSIDE["files"]):
            opened.append(os.dup(0))
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return f"{len(opened)} files"


def fill(folder, parts):
    """Write twice as much as allowed, in so many files."""
    size = 2 * OUTSIDE["disk"] // parts
    paths = [Path(folder, f"filler{number}") for number in range(parts)]
    try:
        for path in paths:
            path.write_bytes(bytes(size))
    finally:
        for path in paths:
            path.unlink(missing_ok=True)
    return f"{parts} files of {size} bytes"


def own_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), 2).close()
    return "connected"


def status():
    return Path("/proc/self/status").read_text()


def capabilities():
    sets = [
        line for line in status().splitlines() if line.startswith(("CapEff", "CapPrm", "CapInh", "CapAmb"))
    ]
    return [line for line in sets if int(line.split()[1], 16)] or refuse()


def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", OUTSIDE["udp"]))
        client.send(b"x")
    return "sent"


def user_namespace():
    child = os.fork()
    if not child:
        os._exit(0 if LIBC.unshare(0x10000000) == 0 else 1)
    return "made" if os.waitpid(child, 0)[1] == 0 else refuse()


ATTEMPTS = {
    "read a file in the home folder": lambda: Path(OUTSIDE["home_file"]).read_text(),
    "see the name of a file in the home folder": home_listing,
    "read /etc/shadow": lambda: Path("/etc/shadow").read_text(),
    "read /etc/hostname": lambda: Path("/etc/hostname").read_text(),
    "read another folder of /tmp": lambda: Path(OUTSIDE["file"]).read_text(),
    "list another folder of /tmp": lambda: list(Path(OUTSIDE["file"]).parent.iterdir()),
    "read through a link out of the tree": lambda: Path("link").read_text(),
    "write a .pth into the environment": lambda: write(f"{OUTSIDE['prefix']}/lib/evil.pth"),
    "write to the base of Python": lambda: write(f"{sys.base_prefix}/lib/evil.py"),
    "write to the code": lambda: write("code.py"),
    "write beside the code": lambda: write("new.py"),
    "write to /usr": lambda: write("/usr/local/bin/evil"),
    "write to /": lambda: write("/evil"),
    "write to /etc": lambda: write("/etc/passwd"),
    "write to /dev": lambda: write("/dev/evil"),
    "write to a file outside": lambda: write(OUTSIDE["file"]),
    "truncate a file outside": lambda: os.truncate(OUTSIDE["file"], 0) or "truncated",
    "write to a setting of the kernel": lambda: write("/proc/sys/kernel/core_pattern"),
    "see another process": other_pids,
    "signal a process outside": lambda: os.kill(OUTSIDE["pid"], 0) or "signalled",
    "trace a process outside": lambda: system_call("ptrace", 16, OUTSIDE["pid"], 0, 0),
    "read a secret in another environment": secret_in_an_environment,
    "read a key of the caller": key,
    "mount": lambda: system_call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "remount /usr": lambda: system_call("mount", None, b"/usr", None, 32 | 4096, None),
    "unmount": lambda: system_call("umount2", b"/proc", 2),
    "make a user namespace": user_namespace,
    "become root": lambda: os.setresuid(0, 0, 0) or "root",
    "become another user": lambda: os.setresuid(12345, 12345, 12345) or "another user",
    "have a capability": capabilities,
    "gain rights by a program": lambda: "no_new_privs is off" if "NoNewPrivs:\t0" in status() else refuse(),
    "set the host's name": lambda: system_call("sethostname", b"evil", 4),
    "open a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "connect to a port of the machine": lambda: socket.create_connection(("127.0.0.1", OUTSIDE["port"]), 2),
    "send to a UDP port of the machine": udp,
    "connect to an abstract socket": abstract_socket,
    "connect to the outside": outside,
    "have an open file of the caller": descriptors,
    "start more processes than allowed": fork_bomb,
    "open more files than allowed": many_files,
    "write a larger file than allowed": lambda: fill(TEMPORARY, 1),
    "write more to /tmp than allowed": lambda: fill(TEMPORARY, 8),
    "write more to /dev/shm than allowed": lambda: fill("/dev/shm", 8),
    "use loopback": own_loopback,
    "write to /tmp": lambda: write(f"{TEMPORARY}/own"),
    "change the mode of a file outside": lambda: Path(OUTSIDE["file"]).chmod(0o644) or "changed",
    "write to a folder that is given": lambda: write(f"{OUTSIDE['writable']}/new"),
    "use a terminal": lambda: os.open("/dev/tty", os.O_RDWR),
    "read the working folder": lambda: Path("code.py").read_text(),
    "read a variable that is given": lambda: os.environ["GIVEN"],
}


def main():
    gained = {}
    for name, attempt in ATTEMPTS.items():
        try:
            gained[name] = str(attempt())
        except Exception as error:
            gained[name] = f"{REFUSED}: {error}"
    sys.stdout.write(json.dumps(gained))


main()
