"""Load probes by their files' location, under a package name of their own.

So a package `probes` elsewhere, such as in a candidate's workspace, is never imported instead.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import cast

from lab.errors import InvalidFile
from lab.probing.bench import Probe
from lab.probing.contract.declared import Declared, read_declared
from lab.probing.contract.script import Script

ENTRY_POINT = "probe"
CONTRACT = "contract"
PACKAGE_PREFIX = "lab_probes_"


@dataclass(frozen=True, slots=True)
class Contract:
    """What a library knows of its system's contract.

    rows: SQL that adds the spare and the odd rows. spare: the ids of the spare ones. scripts: what to send,
    the same for the same seed.
    """

    declared: Declared
    rows: str
    spare: tuple[str, ...]
    scripts: Callable[[int], tuple[Script, ...]]


def load_probe(folder: Path, slug: str) -> Probe:
    """Import the probe of this bug from `folder`. Its relative imports find the modules beside it.

    Raises:
        InvalidFile: the module cannot be imported, or has no function `probe`.
    """
    package = _package(folder)
    try:
        module = import_module(f"{package}.{slug}")
    except (Exception, SystemExit) as error:  # a module runs any code when it is imported
        raise InvalidFile(folder / slug, [f"cannot be imported: {type(error).__name__}: {error}"]) from error
    entry = getattr(module, ENTRY_POINT, None)
    if not callable(entry):
        raise InvalidFile(folder / slug, [f"has no function {ENTRY_POINT}(bench)"])
    return cast(Probe, entry)


def load_contract(folder: Path) -> Contract | None:
    """Return the package `contract` in this folder of probes, or None if there is none.

    Raises:
        InvalidFile: it cannot be imported, or its contract.toml or rows.sql cannot be used.
    """
    place = folder / CONTRACT
    if not (place / "__init__.py").exists():
        return None
    try:
        module = import_module(f"{_package(folder)}.{CONTRACT}")
        scripts, spare = module.scripts, tuple(module.SPARE)
        rows = (place / "rows.sql").read_text(encoding="utf-8")
    except (Exception, SystemExit) as error:
        raise InvalidFile(place, [f"cannot be used: {type(error).__name__}: {error}"]) from error
    return Contract(read_declared(place / "contract.toml"), rows, spare, scripts)


def _package(folder: Path) -> str:
    """Return the name of the package whose modules are the files of `folder`."""
    folder = folder.resolve()
    name = f"{PACKAGE_PREFIX}{sha256(str(folder).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        sys.modules[name] = module_from_spec(spec)
    return name
