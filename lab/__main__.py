"""`python -m lab` is `lab`."""

import sys
from pathlib import Path

# Python puts the current folder first: it is the candidate's, and no place for us to import from.
if sys.path[0] in ("", str(Path.cwd())):
    del sys.path[0]

from lab.cli.main import main

main()
