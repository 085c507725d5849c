"""The requests that say whether what worked still works: those of one route each, and whole life cycles.

`contract.toml` declares what the contract leaves open, `rows.sql` adds the rows that the requests need.
"""

from lab.probing.contract.script import Script

from .bodies import body_scripts
from .cycles import cycles
from .known_cycles import known_cycles
from .queries import query_scripts

SPARE = tuple(f"device-{number}" for number in range(70001, 70901))
"""The ids of the spare rows."""


def scripts(seed: int) -> tuple[Script, ...]:
    """Return the scripts: the same for the same seed, which only the random life cycles depend on."""
    return (*query_scripts(), *body_scripts(), *known_cycles(), *cycles(seed))
