"""The HTTP front: who calls, which service, which handler."""
