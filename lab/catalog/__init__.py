"""The library of fixes: each folder `fixes/NN_slug/` read once into a frozen `Fix`.

Every mistake of a folder comes in one report, and a broken folder does not hide the good ones.
"""

from lab.catalog.catalog import Catalog, load
from lab.catalog.fix import Fix, Order, OwnedObject
from lab.catalog.scaffold import scaffold

__all__ = ["Catalog", "Fix", "Order", "OwnedObject", "load", "scaffold"]
