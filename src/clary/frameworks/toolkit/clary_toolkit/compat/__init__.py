"""The modules of AWS's toolkits that scripts import, for environments that do not have them.

This folder is the last one on the search path of a worker and of a training script: where the
real package is installed, it is taken.
"""
