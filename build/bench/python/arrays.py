"""Named arrays which the other side wrote: one .npy file each, the name escaped as in a URL."""

from pathlib import Path
from urllib.parse import unquote

import numpy


def read_arrays(folder):
    return {unquote(file.stem): numpy.load(file) for file in Path(folder).glob("*.npy")}
