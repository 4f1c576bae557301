"""Which of the reference libraries this Python has."""

import sys
from importlib import metadata

PACKAGES = ("torch", "onnxruntime", "scikit-learn", "numpy", "scipy")


def versions():
    found = {"python": sys.version.split()[0]}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            pass
    return found
