"""Sends every AWS call of a Python program to `AWS_ENDPOINT_URL`, also those with a hard-coded AWS address.

`clary env` puts this folder on PYTHONPATH. The SageMaker SDKs build some STS clients with an explicit
`endpoint_url="https://sts.REGION.amazonaws.com"`, which beats AWS_ENDPOINT_URL; here botocore forgets such an address
while AWS_ENDPOINT_URL is set. No file of any SDK is changed, and nothing is imported before the program does so.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import sys

_AWS = re.compile(r"https?://[^/]*\.amazonaws\.com(\.cn)?(:\d+)?/?$")


class _PatchBotocore(importlib.abc.MetaPathFinder):
    """Lets `botocore.session` be imported as ever, then wraps its `Session.create_client`."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "botocore.session":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                _wrap(module.Session)

            spec.loader.exec_module = exec_module
        return spec


def _wrap(session_class):
    create_client = session_class.create_client

    def create_client_here(self, *args, **kwargs):
        address = kwargs.get("endpoint_url")
        if address and os.environ.get("AWS_ENDPOINT_URL") and _AWS.match(address):
            kwargs["endpoint_url"] = None
        return create_client(self, *args, **kwargs)

    session_class.create_client = create_client_here


def _run_shadowed_sitecustomize():
    """Runs the sitecustomize that Python would have found, had this folder not been first."""
    here = os.path.dirname(os.path.abspath(__file__))
    others = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


sys.meta_path.insert(0, _PatchBotocore())
_run_shadowed_sitecustomize()
