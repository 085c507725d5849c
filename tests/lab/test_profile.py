"""lab.toml is read once into frozen values, and all its mistakes come in one report."""

from pathlib import Path

import pytest

from lab.errors import InvalidFile
from lab.library import Library
from lab.profile import Profile, SeedProfile, ServiceProfile, TopUp, profile_of, read_profile
from lab.workspace import Workspace
from tests.conftest import PROJECT

LEAST = """\
[code]
folders = ["app", "compose", "migrations"]
files = ["alembic.ini"]

[services.api]
port = "API_PORT"

[seed]
command = ["python", "-m", "seed", "--rows", "{rows}"]
rows = 100
most_rows = 1000

[status]
table = "orders"
"""


CODE = """[code]
folders = ["app", "compose", "migrations"]
files = ["alembic.ini"]
"""


def read(folder: Path, text: str) -> Profile:
    path = folder / "lab.toml"
    path.write_text(text)
    return read_profile(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidFile) as raised:
        read(folder, text)
    assert raised.value.path == folder / "lab.toml"
    return sorted(raised.value.problems)


def test_what_may_be_left_out_has_a_default(tmp_path: Path) -> None:
    assert read(tmp_path, LEAST) == Profile(
        folders=("app", "compose", "migrations"),
        files=("alembic.ini",),
        services=(ServiceProfile("api", "API_PORT", replicas=1, memory_limit=None),),
        seed=SeedProfile(("python", "-m", "seed", "--rows", "{rows}"), rows=100, most_rows=1000, noun="rows"),
        table="orders",
        top_up=None,
    )


def test_every_key_is_read(tmp_path: Path) -> None:
    text = LEAST.replace('files = ["alembic.ini"]', 'files = ["alembic.ini", "etc/x.ini"]')
    text = text.replace('port = "API_PORT"', 'port = "API_PORT"\nreplicas = 3\nmemory_limit = "64m"')
    text = text.replace("most_rows = 1000", 'most_rows = 1000\nnoun = "orders"')
    text += '[measurement]\ntable = "orders"\nrows = 900\ncommand = ["more", "{rows}"]\n'
    found = read(tmp_path, text)
    assert found.folders == ("app", "compose", "migrations")
    assert found.files == ("alembic.ini", "etc/x.ini")
    assert found.services == (ServiceProfile("api", "API_PORT", 3, 64 * 2**20),)
    assert found.seed.noun == "orders"
    assert found.top_up == TopUp("orders", 900, ("more", "{rows}"))


def test_the_instances_of_a_service_are_numbered_from_the_second(tmp_path: Path) -> None:
    text = LEAST.replace("[seed]", '[services.worker]\nport = "WORKER_PORT"\nreplicas = 3\n\n[seed]')
    found = read(tmp_path, text)
    assert [one.instances for one in found.services] == [("api",), ("worker", "worker-2", "worker-3")]
    assert found.service_names == ("api", "worker")
    assert found.port_variables == {"api": "API_PORT", "worker": "WORKER_PORT"}


@pytest.mark.parametrize(("text", "size"), [("64m", 64 * 2**20), ("2G", 2 * 2**30), ("512k", 512 * 2**10)])
def test_a_size_is_in_bytes(tmp_path: Path, text: str, size: int) -> None:
    found = read(tmp_path, LEAST.replace("[seed]", f'memory_limit = "{text}"\n\n[seed]'))
    assert found.services[0].memory_limit == size


LONG = pytest.param(f'"{"9" * 5000}m"', id="5000 digits")


@pytest.mark.parametrize(
    "value",
    ['"256"', '"m"', '"1.5g"', '"-1m"', '"0m"', '"256 MiB"', '""', "256", LONG],
)
def test_what_is_no_size_is_a_mistake(tmp_path: Path, value: str) -> None:
    (problem,) = problems(tmp_path, LEAST.replace("[seed]", f"memory_limit = {value}\n\n[seed]"))
    assert problem.startswith("services.api.memory_limit: ")
    assert problem.endswith(" is not a size such as 256m")


def test_every_mistake_comes_in_one_report(tmp_path: Path) -> None:
    text = """\
odd = 1

[code]
folders = ["../elsewhere", "/etc"]
file = ["alembic.ini"]

[services.Api]
port = "api port"
replicas = 9
memory = "256m"

[seed]
command = []
rows = 2000
most_rows = 1000
noun = 3

[measurement]
table = "orders; DROP TABLE orders"
rows = 0

[status]
tabel = "orders"
"""
    assert problems(tmp_path, text) == sorted(
        [
            "odd: unknown key",
            "code.folders: '../elsewhere' is not a path in the workspace",
            "code.folders: '/etc' is not a path in the workspace",
            "code.file: unknown key; did you mean files?",
            "code.files: lacks alembic.ini",
            "code.folders: lacks app, compose, migrations",
            "services.Api: a service's name has a-z, 0-9 and - in it",
            "services.Api.port: 'api port' is not of the form [A-Z][A-Z0-9_]*",
            "services.Api.replicas: a number from 1 to 8 is expected",
            "services.Api.memory: unknown key; did you mean memory_limit?",
            "seed.command: is empty",
            "seed.noun: a text is expected",
            "seed.rows: more than most_rows",
            "measurement.table: 'orders; DROP TABLE orders' is not of the form [a-z_][a-z0-9_]*",
            "measurement.rows: a number from 1 to 1,000,000,000 is expected",
            "measurement.command: missing",
            "status.table: missing",
            "status.tabel: unknown key; did you mean table?",
        ]
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (CODE, "", "code: missing"),
        ('[services.api]\nport = "API_PORT"\n', "[services]\n", "services: at least one service is expected"),
        ('[services.api]\nport = "API_PORT"\n', "[services]\napi = 1\n", "services.api: a table is expected"),
        ('["app", "compose", "migrations"]', '"app"', "code.folders: a list of texts is expected"),
        ('["app"', '["", "app"', "code.folders: a list of texts is expected"),
        ('["app"', '["app\\n"', "code.folders: a list of texts is expected"),
        ('["app"', '[".", "app"', "code.folders: '.' is not a path in the workspace"),
        ('["app"', '[".git", "app"', "code.folders: '.git' is not code under repair"),
        ('["app"', '["fixes", "app"', "code.folders: 'fixes' is not code under repair"),
        ('"compose", ', "", "code.folders: lacks compose"),
        ("rows = 100\n", "rows = true\n", "seed.rows: a number from 1 to 1,000,000,000 is expected"),
        ("most_rows", "mostrows", "seed.mostrows: unknown key; did you mean most_rows?"),
        ("[status]", "[statuss]", "statuss: unknown key; did you mean status?"),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in LEAST
    assert problem in problems(tmp_path, LEAST.replace(old, new))


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, f"a = {'1' * 5000}"])
def test_a_file_that_no_reader_can_read_is_a_mistake(tmp_path: Path, text: str) -> None:
    assert len(problems(tmp_path, text)) == 1


@pytest.mark.parametrize("word", ["{row}", "{rows:99999999999}", "{rows.x}", "{rows[0]}", "{", "{}"])
def test_a_command_with_an_unknown_placeholder_is_a_mistake(tmp_path: Path, word: str) -> None:
    (problem,) = problems(tmp_path, LEAST.replace('"{rows}"', f'"{word}"'))
    assert problem.startswith(f"seed.command: '{word}'")


def test_a_file_that_is_missing_or_is_no_toml_is_reported(tmp_path: Path) -> None:
    assert "Expected" in problems(tmp_path, "[code\n")[0]
    (tmp_path / "lab.toml").write_bytes(b"\xff")
    with pytest.raises(InvalidFile):
        read_profile(tmp_path / "lab.toml")
    with pytest.raises(InvalidFile, match="No such file"):
        read_profile(tmp_path / "missing.toml")


def test_a_workspace_has_the_profile_of_its_library_and_not_its_own(tmp_path: Path) -> None:
    root, library = tmp_path / "workspace", tmp_path / "library"
    for folder, table in ((root, "mine"), (library, "orders")):
        folder.mkdir()
        (folder / "lab.toml").write_text(LEAST.replace("orders", table))
    assert profile_of(Workspace(root, Library(library))).table == "orders"


def test_the_shipped_profile_names_the_services_of_the_compose_file() -> None:
    found = read_profile(PROJECT / "lab.toml")
    assert found.service_names == ("device-service", "workflow-service")
    assert found.top_up is not None
    assert found.seed.rows >= found.top_up.rows
