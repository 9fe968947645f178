"""Serves a model in a framework's environment: `python3 serve_program.py FRAMEWORK --descriptor 3`."""

import sys

from clary_toolkit.serving.server import main

sys.exit(main())
