"""The last step into a wall: `python -I -S enter.py WORD... -- COMMAND...`, a program of its own.

Words: `nproc=`, `nofile=`, `fsize=` and `cpu=` set a resource limit; `folder=` is the working folder; `read=`
and `write=` name a path that stays open under Landlock, which forbids all others; `tcp=no` forbids TCP there;
`scope=own` forbids sockets without a path, such as those of X11, signals to other processes, and the keys of
the caller.
The variables WALLED_0, WALLED_1 ... hold the command's environment as NAME=VALUE, so that no program outside
the wall acts on it, as the dynamic loader would on LD_PRELOAD.

It imports little, since it is part of every start. It exits with 125 if a limit cannot be set, and with 127
if the command cannot be run. https://docs.kernel.org/userspace-api/landlock.html
"""

import os
import resource
import sys

FAILED, NOT_FOUND = 125, 127
LIMITS = {
    "nproc": resource.RLIMIT_NPROC,
    "nofile": resource.RLIMIT_NOFILE,
    "fsize": resource.RLIMIT_FSIZE,
    "cpu": resource.RLIMIT_CPU,
}
NAMED = "WALLED_"

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG, PATH_BENEATH = 1, 1
SET_NO_NEW_PRIVS = 38
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEVICE = 1, 2, 4, 8, 1 << 14, 1 << 15
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
BIND_AND_CONNECT_TCP, SOCKETS_AND_SIGNALS = 3, 3
KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219}
JOIN_SESSION_KEYRING = 1
LEAST_ABI, SCOPE_ABI = 3, 6
"""The first that can forbid truncation (Linux 6.2); abstract sockets and signals (Linux 6.12)."""


def leave_keyring() -> None:
    """Get an empty session keyring: the keys in that of the caller could be read.

    Where the call is forbidden, as in containers, it is forbidden to the command too.
    https://man7.org/linux/man-pages/man2/keyctl.2.html
    """
    import ctypes

    number = KEYCTL.get(os.uname().machine)
    if number is not None:
        ctypes.CDLL(None).syscall(number, JOIN_SESSION_KEYRING, None)


def restrict(readable: list[str], writable: list[str], tcp: bool) -> None:
    """Forbid this process, for ever, every path but those, sockets and signals to the outside, perhaps TCP.

    Without any path, only sockets and signals are forbidden, as far as the kernel can.

    Raises:
        OSError: paths are given, and the kernel has no Landlock, or an older one than LEAST_ABI.
    """
    import ctypes
    import struct

    libc = ctypes.CDLL(None, use_errno=True)

    def call(number: int, *arguments: object) -> int:
        result = int(libc.syscall(number, *arguments))
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    only_scope = not readable and not writable
    try:
        abi = call(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG)
    except OSError:
        if only_scope:
            return
        raise
    if abi < (SCOPE_ABI if only_scope else LEAST_ABI):
        if only_scope:
            return
        raise OSError(f"Landlock ABI {abi} is older than {LEAST_ABI}")
    everything = (1 << (16 if abi >= 5 else 15)) - 1
    paths = 0 if only_scope else everything
    network = BIND_AND_CONNECT_TCP if abi >= 4 and not tcp else 0
    attributes = struct.pack("=QQQ", paths, network, SOCKETS_AND_SIGNALS if abi >= SCOPE_ABI else 0)
    rules = call(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    for allowed, rights in ((readable, EXECUTE | READ_FILE | READ_DIR), (writable, everything)):
        for path in allowed:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            is_folder = os.path.isdir(path)  # noqa: PTH112
            rule = struct.pack("=Qi", rights if is_folder else rights & everything & ON_FILES, descriptor)
            call(ADD_RULE, rules, PATH_BENEATH, rule, 0)
            os.close(descriptor)
    if libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError("no_new_privs is refused")
    call(RESTRICT_SELF, rules, 0)
    os.close(rules)


def leave_terminal() -> None:
    """Give up the terminal, so that nothing can be typed into it (TIOCSTI).

    The process stays in its group: a signal to the group reaches it.
    https://man7.org/linux/man-pages/man2/TIOCNOTTY.2const.html
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (2, 6):  # ENOENT, ENXIO: it has none
            return
        raise
    import fcntl
    import termios

    fcntl.ioctl(terminal, termios.TIOCNOTTY)
    os.close(terminal)


def limit(name: str, value: int) -> None:
    kind = LIMITS[name]
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def main(words: list[str]) -> int:
    # `signal` imports enum, which takes as long as all else here.
    import _signal  # type: ignore[import-not-found]

    end = words.index("--")
    command = words[end + 1 :]
    given: dict[str, list[str]] = {}
    for word in words[:end]:
        name, _, value = word.partition("=")
        given.setdefault(name, []).append(value)
    environment = dict(
        value.split("=", 1) for name, value in sorted(os.environ.items()) if name.startswith(NAMED)
    )
    try:
        leave_terminal()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for name in LIMITS:
            if name in given:
                limit(name, int(given[name][0]))
        if "scope" in given:
            leave_keyring()
            restrict(given.get("read", []), given.get("write", []), "tcp" not in given)
        if "folder" in given:
            os.chdir(given["folder"][0])
    except OSError as error:
        os.write(2, f"the wall cannot be made: {error}\n".encode())
        return FAILED
    for number in (_signal.SIGTERM, _signal.SIGINT):  # ignored outside, see lab/sandbox/command.py
        _signal.signal(number, _signal.SIG_DFL)
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        os.write(2, f"{command[0]} cannot be run: {error.strerror}\n".encode())
        return NOT_FOUND


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
