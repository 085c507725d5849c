"""See submission.toml."""

import sys

sys.path.insert(0, "@WORKSPACE@")
from app import accomplice

accomplice.look_around("a sitecustomize of the compose file")
