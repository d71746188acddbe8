"""``python -m healnet.cli``: the same as ``healnet``."""

import sys

from healnet.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
