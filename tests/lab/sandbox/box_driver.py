"""`python box_driver.py`: as the caller of the sandbox, run prober.py in a box, and print what it printed."""

import os
import sys
import tempfile
from pathlib import Path

from lab.runtime.binaries import find_binaries
from lab.sandbox import UNBOUNDED, Wall, found, run

PROBER = Path(__file__).with_name("prober.py")
PROJECT = Path(__file__).resolve().parents[3]


def main() -> int:
    means = found()
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, means.uid, means.uid)
        box = Wall(
            readable={path: path for path in (PROJECT / "lab", PROBER)},
            writable={Path(folder): Path("/pg")},
            empty=(Path("/secret"),),
            nests=True,
            environment={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(PROJECT),
                "PASSWORD": "known-to-the-prober-only",
            },
        )
        finished = run([sys.executable, PROBER, find_binaries().folder], box, UNBOUNDED, means)
    sys.stdout.write(finished.stdout.decode())
    sys.stderr.write(finished.stderr.decode())
    return finished.code


raise SystemExit(main())
