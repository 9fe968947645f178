"""A worker of the serving program, which starts it: `python3 serve_worker.py DESCRIPTOR FRAMEWORK ROOT`."""

import sys

from clary_toolkit.serving.worker import main

sys.exit(main(sys.argv[1:]))
