"""Run hostile code behind a wall, for every level and kind of caller that this machine has."""

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.sandbox import Level, found
from lab.sandbox.wall import interpreter_folders
from tests.conftest import PROJECT

DRIVER = Path(__file__).with_name("driver.py")
ORDINARY = "daemon"
"""A user of every machine: initdb needs one that has a name."""


@dataclass(frozen=True)
class Caller:
    """Who calls the sandbox: `words` start a program as that user. `level` is the strongest to use."""

    name: str
    words: tuple[str, ...]
    level: Level

    def run(self, *argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run this Python with `argv`, as the caller; return when it has ended with exit code 0."""
        return subprocess.run(
            [*self.words, sys.executable, "-P", *argv],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "LAB_SANDBOX": self.level}
            | {"HOME": os.environ["HOME"] if not self.words else "/tmp"}
            | environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=120,
        )


def with_open_python() -> tuple[str, ...]:
    """Return the words by which root starts a program that sees the same machine, with a Python open to all.

    Only root can enter /root: a Python or a checkout there is bound below an open folder in its place.
    """
    hidden = [folder for folder in (*interpreter_folders(), PROJECT) if Path("/root") in folder.parents]
    words = [str(found().bwrap), "--dev-bind", "/", "/", "--die-with-parent"]
    words += ["--perms", "0755", "--tmpfs", "/root"] if hidden else []
    for folder in hidden:
        for parent in list(folder.parents)[-3::-1]:
            words += ["--perms", "0755", "--dir", str(parent)]
        words += ["--ro-bind", str(folder), str(folder)]
    return tuple(words)


def as_ordinary_user() -> tuple[str, ...]:
    """Return the words by which root starts a program as another user who sees the same machine."""
    who = pwd.getpwnam(ORDINARY)
    user = ("setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups", "--inh-caps=-all")
    return (*with_open_python(), "--", *user, "--no-new-privs", "--")


def callers() -> Iterator[Caller]:
    root, best = os.geteuid() == 0, found().level
    who = "root" if root else "ordinary user"
    for level in (Level.BWRAP, Level.LANDLOCK):
        if not best.is_weaker_than(level):
            yield Caller(f"{who}, {level}", (), level)
    if root and best is Level.BWRAP:
        yield Caller(f"root, {Level.OTHER_USER}", with_open_python(), Level.OTHER_USER)
        for level in (Level.BWRAP, Level.LANDLOCK):
            yield Caller(f"ordinary user, {level}", as_ordinary_user(), level)


CALLERS = {caller.name: caller for caller in callers()}


@dataclass(frozen=True)
class Outcome:
    """What hostile code gained behind the wall of a caller."""

    caller: Caller
    attempts: dict[str, str]

    def gained(self, *names: str) -> dict[str, str]:
        """Return those of the attempts that were not refused; all attempts if none is named."""
        wanted = {name: self.attempts[name] for name in names or self.attempts}
        return {name: result for name, result in wanted.items() if not result.startswith("refused")}


def outcome_of(caller: Caller, network: bool) -> Outcome:
    printed = json.loads(caller.run(str(DRIVER), json.dumps({"network": network})).stdout)
    assert printed["level"] == caller.level
    return Outcome(caller, printed["gained"])


@pytest.fixture(scope="session", params=CALLERS)
def outcome(request: pytest.FixtureRequest) -> Outcome:
    """What was gained behind a wall with no network of the machine."""
    return outcome_of(CALLERS[request.param], network=False)


@pytest.fixture(scope="session", params=CALLERS)
def networked(request: pytest.FixtureRequest) -> Outcome:
    """What was gained behind a wall with the network of the machine."""
    return outcome_of(CALLERS[request.param], network=True)


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> Caller:
    return CALLERS[request.param]
