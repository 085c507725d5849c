"""What hostile code does not gain behind a wall, for each kind of caller and each level."""

from lab.sandbox import Level
from tests.lab.sandbox.conftest import Outcome

FILES_OUTSIDE = (
    "read a file in the home folder",
    "see the name of a file in the home folder",
    "read /etc/shadow",
    "read /etc/hostname",
    "read another folder of /tmp",
    "list another folder of /tmp",
    "read through a link out of the tree",
)
CHANGES = (
    "write a .pth into the environment",
    "write to the base of Python",
    "write to the code",
    "write beside the code",
    "write to /usr",
    "write to /",
    "write to /etc",
    "write to /dev",
    "write to a file outside",
    "truncate a file outside",
    "change a file outside",
    "write to a setting of the kernel",
)
PROCESSES = ("see another process", "signal a process outside", "trace a process outside")
POWERS = (
    "mount",
    "remount /usr",
    "unmount",
    "become another user",
    "have a capability",
    "gain rights by a program",
    "set the host's name",
    "open a raw socket",
    "use a terminal",
)
SECRETS = (
    "read a secret in another environment",
    "read a key of the caller",
    "have an open file of the caller",
)
NETWORK = ("connect to a port of the machine", "connect to an abstract socket")
GIVEN = (
    "read the working folder",
    "read a variable that is given",
    "write to /tmp",
    "write to a folder that is given",
)


def test_what_the_wall_gives_can_be_used(outcome: Outcome) -> None:
    assert set(outcome.gained(*GIVEN)) == set(GIVEN)


def test_no_file_outside_can_be_read(outcome: Outcome) -> None:
    assert outcome.gained(*FILES_OUTSIDE) == {}


def test_neither_the_code_nor_the_environment_nor_the_system_can_be_changed(outcome: Outcome) -> None:
    assert outcome.gained(*CHANGES) == {}


def test_other_processes_are_neither_seen_nor_signalled_nor_traced(outcome: Outcome) -> None:
    assert outcome.gained(*PROCESSES) == {}


def test_no_other_environment_can_be_read_not_even_that_of_bwrap(outcome: Outcome) -> None:
    assert outcome.gained("read a secret in another environment") == {}


def test_no_key_of_the_caller_can_be_read(outcome: Outcome) -> None:
    assert outcome.gained("read a key of the caller") == {}


def test_no_open_file_of_the_caller_is_inherited(outcome: Outcome) -> None:
    assert outcome.gained("have an open file of the caller") == {}


def test_no_power_of_the_system_is_had(outcome: Outcome) -> None:
    assert outcome.gained(*POWERS) == {}


def test_only_root_by_landlock_alone_stays_root(outcome: Outcome) -> None:
    as_root = not outcome.caller.words and outcome.caller.level is Level.LANDLOCK
    assert bool(outcome.gained("become root")) <= as_root


def test_the_network_is_refused(outcome: Outcome) -> None:
    assert outcome.gained(*NETWORK) == {}


def test_without_namespaces_udp_stays_open(outcome: Outcome) -> None:
    expected = outcome.caller.level is not Level.BWRAP
    assert bool(outcome.gained("send to a UDP port of the machine")) == expected
    assert bool(outcome.gained("connect to the outside")) == expected


def test_a_namespace_has_a_loopback_of_its_own(outcome: Outcome) -> None:
    assert bool(outcome.gained("use loopback")) == (outcome.caller.level is Level.BWRAP)


def test_a_wall_with_the_network_reaches_a_port_but_no_socket_without_a_path(networked: Outcome) -> None:
    port, abstract = NETWORK
    assert set(networked.gained(port, "use loopback")) == {port, "use loopback"}
    assert networked.gained(abstract) == {}


def test_a_wall_with_the_network_holds_all_else(networked: Outcome) -> None:
    assert networked.gained(*FILES_OUTSIDE, *CHANGES, *PROCESSES, *POWERS, *SECRETS) == {}


def test_open_files_and_file_sizes_are_bounded(outcome: Outcome) -> None:
    assert outcome.gained("open more files than allowed", "write a larger file than allowed") == {}


def test_a_fork_bomb_is_bounded_but_for_root(outcome: Outcome) -> None:
    bomb = "start more processes than allowed"
    as_root = not outcome.caller.words and outcome.caller.level is Level.LANDLOCK
    assert bool(outcome.gained(bomb)) <= as_root


def test_with_namespaces_no_disk_can_be_filled(outcome: Outcome) -> None:
    gained = outcome.gained("write more to /tmp than allowed", "write more to /dev/shm than allowed")
    assert gained == {} or outcome.caller.level is not Level.BWRAP


def test_with_namespaces_no_further_namespace_can_be_made(outcome: Outcome) -> None:
    assert bool(outcome.gained("make a user namespace")) == (outcome.caller.level is not Level.BWRAP)


def test_the_same_user_without_namespaces_can_change_modes_outside(outcome: Outcome) -> None:
    expected = outcome.caller.level is Level.LANDLOCK
    assert bool(outcome.gained("change the mode of a file outside")) == expected
