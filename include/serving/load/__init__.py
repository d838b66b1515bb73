"""Loading: a batch's rows into PostgreSQL, beside what readers see, and checked against the lake.

`load` does all of it; publishing then only switches a pointer.
"""

from include.serving.load.builds import drop_unreferenced
from include.serving.load.checksum import combine, table_digest
from include.serving.load.items import store_items
from include.serving.load.loader import Loaded, load

__all__ = ["Loaded", "combine", "drop_unreferenced", "load", "store_items", "table_digest"]
