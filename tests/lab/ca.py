"""Throw-away certificate authorities of the lab, and the leaf certificates that its servers show, as files.

Processes share the directory: what one has made, the next finds. The signing itself stands in `world.minting`.
"""

import fcntl
import hashlib
import importlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

DIRECTORY_VARIABLE = "REACHBOT_LAB_CA"
RENEW_AFTER_S = 30 * 86_400
Issuer = Literal["public", "interceptor", "national", "private", "self"]

# Who signs, as (organisation, common name); the last two are named like the real ones, for probes that look at it.
AUTHORITIES = {
    "public": ("Lab Trust Services", "Lab Root R1"),
    "interceptor": ("Interception Appliance", "Interception Root"),
    "national": ("The Ministry of Digital Development and Communications", "Russian Trusted Root CA"),
    "private": ("Signal Messenger, LLC", "Signal Messenger"),
}


@dataclass(frozen=True)
class CaFiles:
    """PEM files. Clients trust `certificate`; the others belong to authorities that no client knows."""

    certificate: Path
    key: Path
    interceptor_certificate: Path
    interceptor_key: Path
    national_certificate: Path
    national_key: Path
    private_certificate: Path
    private_key: Path

    def pair(self, authority: str) -> tuple[Path, Path]:
        """Certificate and key of one of AUTHORITIES."""
        prefix = "" if authority == "public" else f"{authority}_"
        return getattr(self, f"{prefix}certificate"), getattr(self, f"{prefix}key")


@dataclass(frozen=True)
class Leaf:
    """What a server's certificate says: who signed it, the names and addresses in it, and whether it has expired."""

    issuer: Issuer
    names: tuple[str, ...]
    expired: bool = False


def ensure_ca(directory: Path) -> CaFiles:
    """Return the authorities' files in this directory, made now if missing or old; safe to call side by side."""
    files = CaFiles(**{field.name: directory / f"{field.name.replace('_', '-')}.pem" for field in fields(CaFiles)})
    (directory / "leaves").mkdir(parents=True, exist_ok=True)
    with _locked(directory):
        if not _fresh(files.private_key):  # the last one written
            for stale in (directory / "leaves").iterdir():
                stale.unlink()
            for authority, subject in AUTHORITIES.items():
                for path, content in zip(files.pair(authority), _minting().authority(*subject), strict=True):
                    _write(path, content)
    return files


def ensure_leaf(directory: Path, leaf: Leaf) -> Path:
    """Return a PEM file with the leaf's key and certificate. The authorities must exist in the directory."""
    digest = hashlib.blake2s(repr(leaf).encode(), digest_size=16).hexdigest()
    path = directory / "leaves" / f"{digest}.pem"
    if not path.exists():
        issuer = None
        if leaf.issuer != "self":
            certificate, key = ensure_ca(directory).pair(leaf.issuer)
            issuer = (certificate.read_bytes(), key.read_bytes())
        _write(path, _minting().leaf(leaf.names, issuer, expired=leaf.expired))
    return path


def _minting() -> Any:
    return importlib.import_module("tests.lab.world.minting")


def _fresh(path: Path) -> bool:
    return path.exists() and time.time() - path.stat().st_mtime < RENEW_AFTER_S


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, content: bytes) -> None:
    """Write so that another process sees all of it or nothing."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(temporary).replace(path)
