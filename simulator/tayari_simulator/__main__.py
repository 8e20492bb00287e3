"""`python -m tayari_simulator`: the fake Daraja as a process."""

import sys

from tayari_simulator.server.process import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
