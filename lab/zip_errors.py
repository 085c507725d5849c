"""What Python's zipfile raises when it reads a file that another program made, or that a disk has damaged."""

import lzma
import zipfile
import zlib

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What is raised besides OSError. RuntimeError is for a password, NotImplementedError for a compression."""
