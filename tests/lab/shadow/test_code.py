"""The copied code reaches no other database, and a compose file that is damaged or raised has no effect."""

import shutil
from pathlib import Path

import pytest

from lab import shipped
from lab.errors import InvalidFile
from lab.library import Library
from lab.shadow import code
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.measuring import copy_shipped

DEVICE_SERVICE = "device-service"
OWN_URL = "postgresql+psycopg2://device_service:device_service@db:5432/lab"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(copy_shipped(tmp_path / "workspace"))


def own_library(workspace: Workspace) -> Workspace:
    shutil.copy2(PROJECT / "lab.toml", workspace.root)
    return Workspace(workspace.root, Library(workspace.root))


def edit_compose(workspace: Workspace, old: str, new: str) -> None:
    text = workspace.compose_file.read_text()
    assert old in text
    workspace.compose_file.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("url", "confined"),
    [
        (OWN_URL, OWN_URL),
        ("postgresql://a:b@127.0.0.1:5442/lab", "postgresql://a:b@127.0.0.1:1/lab"),
        ("postgresql+psycopg2://a:b@db.example/lab", "postgresql+psycopg2://a:b@127.0.0.1:1/lab"),
        ("postgres://a:b@localhost/lab", "postgres://a:b@127.0.0.1:1/lab"),
        ("http://device-service:5001", "http://device-service:5001"),
    ],
)
def test_urls_of_other_databases_become_unreachable(
    workspace: Workspace, tmp_path: Path, url: str, confined: str
) -> None:
    edit_compose(workspace, OWN_URL, url)
    service = code.copy(workspace, tmp_path / "copy").service(DEVICE_SERVICE)
    assert service.environment["DATABASE_URL"] == confined


def test_a_raised_memory_limit_is_ignored(workspace: Workspace, tmp_path: Path) -> None:
    edit_compose(workspace, "mem_limit: 256m", "mem_limit: 4g")
    copied = code.copy(workspace, tmp_path / "copy")
    assert copied.service(DEVICE_SERVICE).memory_limit == 256 * 2**20
    assert copied.memory_limits() == {DEVICE_SERVICE: 256 * 2**20}


def test_a_lowered_memory_limit_counts(workspace: Workspace, tmp_path: Path) -> None:
    edit_compose(workspace, "mem_limit: 256m", "mem_limit: 128m")
    assert code.copy(workspace, tmp_path / "copy").memory_limits() == {DEVICE_SERVICE: 128 * 2**20}


def test_the_shipped_compose_file_replaces_a_damaged_one(workspace: Workspace, tmp_path: Path) -> None:
    workspace.compose_file.write_text("services: [")
    copied = code.copy(workspace, tmp_path / "copy")
    assert copied.problem.startswith("docker-compose.yml cannot be used: ")
    assert copied.service(DEVICE_SERVICE).command == ("python", "-m", "app.device_service")


def test_the_kept_compose_file_serves_where_the_workspace_is_its_own_library(
    workspace: Workspace, tmp_path: Path
) -> None:
    """As in an ordinary clone, where the library's file and the candidate's are the same."""
    workspace = own_library(workspace)
    shipped.keep(workspace)
    workspace.compose_file.write_text("services: [")
    copied = code.copy(workspace, tmp_path / "copy")
    assert copied.problem
    assert copied.service(DEVICE_SERVICE).environment["DATABASE_URL"] == OWN_URL


def test_without_a_usable_compose_file_the_error_names_it(workspace: Workspace, tmp_path: Path) -> None:
    workspace = own_library(workspace)
    workspace.compose_file.write_text("services: [")
    shipped.keep(workspace)
    with pytest.raises(InvalidFile, match=r"docker-compose\.yml"):
        code.copy(workspace, tmp_path / "copy")


def test_only_the_folders_and_files_of_lab_toml_are_copied(workspace: Workspace, tmp_path: Path) -> None:
    for name in ("probes", "fixes", "notes"):
        (workspace.root / name).mkdir()
    (workspace.root / "lab.toml").write_text("of the candidate")
    code.copy(workspace, tmp_path / "copy")
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {
        *("app", "compose", "migrations", "seed"),
        *("alembic.ini", ".lab"),
    }
    assert list((tmp_path / "copy" / ".lab").iterdir()) == []


def test_a_file_of_the_code_may_be_in_a_folder_and_may_be_missing(
    workspace: Workspace, tmp_path: Path
) -> None:
    own = own_library(workspace)
    toml = own.library.profile
    text = toml.read_text().replace(
        'files = ["alembic.ini"]', 'files = ["alembic.ini", "etc/x.ini", "gone.ini"]'
    )
    toml.write_text(text)
    (own.root / "etc").mkdir()
    (own.root / "etc/x.ini").write_text("x")
    copied = code.copy(own, tmp_path / "copy").workspace
    assert (copied.root / "etc/x.ini").read_text() == "x"
    assert not (copied.root / "gone.ini").exists()


def test_a_link_is_copied_as_a_link(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.root / "app" / "everything").symlink_to("/")
    copied = code.copy(workspace, tmp_path / "copy").workspace
    assert (copied.root / "app" / "everything").readlink() == Path("/")


def test_a_link_is_copied_as_a_link_and_nothing_behind_it(workspace: Workspace, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("hidden")
    for name in ("seed", "migrations", "alembic.ini"):
        path = workspace.root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        path.symlink_to(secret if name != "alembic.ini" else secret / "key")
    code.copy(workspace, tmp_path / "copy")
    for name in ("seed", "migrations", "alembic.ini"):
        assert (tmp_path / "copy" / name).is_symlink()
    assert not code.has_shipped_migrations(workspace, Workspace(tmp_path / "copy"))


@pytest.mark.parametrize("name", ["compose", "compose/docker-compose.yml"])
def test_a_compose_file_behind_a_link_is_not_read(workspace: Workspace, tmp_path: Path, name: str) -> None:
    path = workspace.root / name
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    assert (
        code.copy(workspace, tmp_path / "copy").problem == "docker-compose.yml cannot be used: it is a link"
    )


def test_the_callers_variables_are_not_read_but_those_of_the_shipped_file(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "hidden")
    monkeypatch.setenv("SQLALCHEMY_ECHO", "true")
    edit_compose(
        workspace, "      - PORT=5001\n", "      - PORT=5001\n      - STOLEN=${SECRET_OF_THE_CALLER}\n"
    )
    found = code.copy(workspace, tmp_path / "copy").service(DEVICE_SERVICE).environment
    assert (found["STOLEN"], found["SQLALCHEMY_ECHO"]) == ("", "true")
