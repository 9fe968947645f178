"""The program of a framework's training job: `python3 train_program.py`, with its own folder alone on the path."""

import sys

from clary_toolkit.training.program import main

if __name__ == "__main__":
    sys.exit(main())
