"""Applying and reverting a fix, compared to Sqitch changing only the schema. https://sqitch.org/"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.pairs import Comparison, medians, timed
from benchmarks.place import lab, scratch_workspace
from lab.database_url import DatabaseUrl
from lab.operations.runtimes import runtime_of
from lab.runtime import databases
from lab.shell import run

ROUNDS = 7
DEPLOY = "CREATE INDEX CONCURRENTLY ix_execution_logs_started_at ON execution_logs (started_at);\n"
REVERT = "DROP INDEX CONCURRENTLY ix_execution_logs_started_at;\n"
CONFIG = """
[core]
    engine = pg
[engine "pg"]
    target = {target}
[user]
    name = bench
    email = bench@example.org
"""
PROJECT = "%syntax-version=1.0.0\n%project=bench\n\nindex 2026-01-01T00:00:00Z bench <bench@example.org>\n"


def apply_and_revert() -> Comparison | None:
    """Compare whole processes on 500,000 rows, without restarts. Returns None if Sqitch is not installed."""
    if shutil.which("sqitch") is None:
        return None
    with scratch_workspace() as (workspace, offset), TemporaryDirectory(prefix="lab-bench-") as folder:
        lab(workspace, "up", "--port-offset", str(offset))
        account = runtime_of(workspace).account
        databases.create(account, "bare", template="lab_template")
        _make_project(Path(folder), DatabaseUrl.parse(account.url("bare")).libpq)

        def with_lab() -> float:
            return timed(
                lambda: [lab(workspace, "fix", verb, "5", "--no-restart") for verb in ("apply", "revert")]
            )

        def bare() -> float:
            return timed(lambda: [_sqitch(Path(folder), *words) for words in (("deploy",), ("revert", "-y"))])

        with_lab(), bare()
        seconds = medians(with_lab, bare, ROUNDS)
    return Comparison("lab fix apply 5, revert 5", "sqitch deploy, revert", *seconds, allowed=1.5)


def _make_project(folder: Path, url: str) -> None:
    target = url.replace("postgresql://", "db:pg://", 1)
    (folder / "sqitch.conf").write_text(CONFIG.format(target=target))
    (folder / "sqitch.plan").write_text(PROJECT)
    for name, script in (("deploy", DEPLOY), ("revert", REVERT)):
        (folder / name).mkdir()
        (folder / name / "index.sql").write_text(script)


def _sqitch(folder: Path, *words: str) -> None:
    finished = run(["sqitch", *words], cwd=folder, timeout=120)
    if finished.code != 0:
        raise SystemExit(f"sqitch {words[0]} failed: {finished.stderr.decode()}")
