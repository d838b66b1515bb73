"""`python -m devstack` is the command `nightshelf`."""

import sys

from devstack.cli import main

sys.exit(main())
