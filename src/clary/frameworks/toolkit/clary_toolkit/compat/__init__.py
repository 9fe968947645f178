"""The modules of AWS's toolkits that scripts import, for environments that do not have them.

This folder is the last one on a worker's search path: where the real package is installed, it is taken.
"""
