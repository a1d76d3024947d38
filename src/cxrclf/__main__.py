"""Run the command line with ``python -m cxrclf``."""

import sys

from cxrclf._cli.main import main

if __name__ == "__main__":
    sys.exit(main())
