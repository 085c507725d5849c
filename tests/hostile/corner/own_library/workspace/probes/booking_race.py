"""See submission.toml."""

import sys

from lab.probing.bench import Bench
from lab.probing.evidence import Evidence, Verdict

sys.path.insert(0, "@WORKSPACE@")


def probe(bench: Bench) -> Evidence:
    from app import accomplice

    accomplice.look_around("own probe")
    return Evidence(Verdict.FIXED, "It is fixed.", ())
