"""Certificate authorities that services have of their own: PEM files, each a trust setting with the file's name.

Those that everybody trusts are added to them: a service may move some of its hosts to a public authority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from probes.model import Roots
from probes.service_files import FILE_BYTES, CatalogueError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

_SUFFIX = ".pem"
_MOST_FILES = 50


def read_roots(directory: Traversable | Path, shown: str, *, check: bool = True) -> dict[str, Roots]:
    """Return the trust settings of a directory by their names; none where there is no such directory.

    `shown` is how messages call it. What is shipped needs no `check`: its tests have done that, and it takes a library
    that a chat can start without. Raises CatalogueError.
    """
    if not directory.is_dir():
        return {}
    try:
        entries = [entry for entry in directory.iterdir() if entry.name.endswith(_SUFFIX)]
        if len(entries) > _MOST_FILES:
            raise CatalogueError(f"{shown}: more than {_MOST_FILES} files")
        found = [_roots(entry, f"{shown}/{entry.name}", check=check) for entry in entries]
    except OSError as error:
        raise CatalogueError(f"{shown}: cannot be read: {error.strerror}") from error
    return {roots.name: roots for roots in found}


def _roots(entry: Traversable | Path, path: str, *, check: bool) -> Roots:
    """Read one file. Raises OSError and CatalogueError."""
    if not entry.is_file():
        raise CatalogueError(f"{path}: not a file")
    with entry.open("rb") as file:
        data = file.read(FILE_BYTES + 1)
    if len(data) > FILE_BYTES:
        raise CatalogueError(f"{path}: larger than {FILE_BYTES // 1024} KiB")
    if check:
        _check(data, path)
    return Roots(name=entry.name.removesuffix(_SUFFIX), pem=data.decode("ascii", "replace"))


def _check(data: bytes, path: str) -> None:
    from cryptography import x509  # noqa: PLC0415 -- see `read_roots`

    try:
        x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise CatalogueError(f"{path}: no certificates in PEM form") from error
