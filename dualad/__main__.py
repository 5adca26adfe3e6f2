"""`python -m dualad` is the command line of `dualad.cli`."""

import sys

from .cli.main import main

if __name__ == "__main__":
    sys.exit(main())
