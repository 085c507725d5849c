"""See submission.toml."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path("@WORKSPACE@")))
from app import accomplice

accomplice.look_around("usercustomize.py")
