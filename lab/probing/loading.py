"""Load probes by their files' location, under a package name of their own.

So a package `probes` elsewhere, such as in a candidate's workspace, is never imported instead.
"""

import sys
from hashlib import sha256
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import cast

from lab.errors import InvalidFile
from lab.probing.bench import Probe

ENTRY_POINT = "probe"
PACKAGE_PREFIX = "lab_probes_"


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


def _package(folder: Path) -> str:
    """Return the name of the package whose modules are the files of `folder`."""
    folder = folder.resolve()
    name = f"{PACKAGE_PREFIX}{sha256(str(folder).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        sys.modules[name] = module_from_spec(spec)
    return name
