"""What docs/scale.md shows can be run as it is: its scripts, its Kubernetes job, its cluster."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from lab import __version__
from lab.batch.dask_cluster import START, dask_workers
from lab.cli.grade import grade
from tests.conftest import PROJECT
from tests.dask import wait_until
from tests.ports import free_port

PAGE = (PROJECT / "docs" / "scale.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if "lab grade" in line
]


def block(kind: str, word: str) -> str:
    (found,) = (text for one, text in BLOCKS if one == kind and word in text)
    return found


def run_script(script: str, folder: Path, **variables: str) -> str:
    """What `lab` is called with, by a script that runs in this folder with two bundles in `work`."""
    (folder / "work").mkdir()
    for name in ("ada", "grace hopper"):
        (folder / "work" / f"{name}.bundle.zip").touch()
    (folder / "lab").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (folder / "lab").chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    finished = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env={"PATH": path, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout


def test_each_option_of_its_commands_exists() -> None:
    options = {name for one in grade.params for name in one.opts}
    named = {word for line in COMMANDS for word in re.findall(r"(?<=\s)--?[a-z]+", line)}
    assert named <= options
    assert {"--one", "--pack", "--results", "--executor", "--jobs"} <= options


EXPECTED = "grade\n--one\nwork/grace hopper.bundle.zip\n-o\nwork/grace hopper.result.zip\n"


def test_the_script_for_slurm_grades_the_bundle_of_its_number(tmp_path: Path) -> None:
    assert run_script(block("sh", "SBATCH"), tmp_path, SLURM_ARRAY_TASK_ID="2") == EXPECTED


def test_the_job_for_kubernetes_grades_the_bundle_of_its_index(tmp_path: Path) -> None:
    job: dict[str, Any] = yaml.safe_load(block("yaml", "kind: Job"))
    assert (job["apiVersion"], job["spec"]["completionMode"]) == ("batch/v1", "Indexed")
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounted = {one["name"] for one in container["volumeMounts"]}
    assert mounted == {one["name"] for one in pod["volumes"]}
    assert container["command"] == ["bash", "-c"]
    (script,) = container["args"]
    assert run_script(script.replace("/bundles/", "work/"), tmp_path, JOB_COMPLETION_INDEX="1") == EXPECTED


@pytest.mark.slow
def test_its_two_commands_make_a_cluster_that_grades(tmp_path: Path) -> None:
    commands = block("sh", "dask worker tcp:")
    assert START in commands
    port = str(free_port())
    lines = [
        line.replace("8786", port).replace("8787", "0").replace("/var/tmp", str(tmp_path))
        for line in commands.splitlines()
    ]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    started = []
    try:
        for number, line in enumerate(lines):
            with (tmp_path / str(number)).open("wb") as log:
                words = ["env", *shlex.split(line)]
                started.append(psutil.Popen(words, env={**os.environ, "PATH": path}, stdout=log, stderr=log))
        wait_until(lambda: (tmp_path / "1").read_text().count("Registered to") == 2)
        with dask_workers(f"dask://127.0.0.1:{port}", 1) as workers:
            assert workers.width == 2
            error = workers.executor.submit(workers.run, b"no bundle", __version__, 60.0).exception()
        assert "is no bundle" in str(error)
    finally:
        for process in reversed(started):
            children = process.children(recursive=True)
            for one in (process, *children):
                one.kill()
            process.wait()
