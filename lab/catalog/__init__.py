"""The library of fixes: each folder `fixes/NN_slug/` is read once into a frozen `Fix`.

All mistakes of a folder come in one report. A broken folder doesn't affect the others.
"""

from lab.catalog.catalog import Catalog, load
from lab.catalog.fix import Fix, Order, OwnedObject, ProbeNeeds, revision_of
from lab.catalog.scaffold import scaffold

__all__ = ["Catalog", "Fix", "Order", "OwnedObject", "ProbeNeeds", "load", "revision_of", "scaffold"]
