"""The peer of the `cpu` benchmark: prometheus-blackbox-exporter, a Go program, as Debian packages it.

It is unpacked into a cache of the user's, never installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "prometheus-blackbox-exporter"
ADDRESS = "127.0.0.1:9115"
"""Of the namespace that it is started in."""
_DOWNLOAD_S = 120.0
_READY_S = 10.0
# One question, one address, HTTP/1.1: as our probe does it.
_MODULES = """
modules:
  web:
    prober: http
    timeout: 10s
    http:
      preferred_ip_protocol: ip4
      ip_protocol_fallback: false
      enable_http2: false
"""


class UnavailableError(Exception):
    """The package cannot be had; the text says why."""


def program(*, download: bool) -> Path:
    """Return the path of the program, from the cache if it is there. Raises `UnavailableError`."""
    unpacked = _cache() / PACKAGE
    path = unpacked / "usr" / "bin" / PACKAGE
    if path.exists():
        return path
    if not download:
        raise UnavailableError(f"{PACKAGE} was not downloaded yet")
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise UnavailableError("this is no Debian")
    _cache().mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as directory:
        _do("apt-get", "--quiet", "download", PACKAGE, cwd=directory)
        for package in Path(directory).glob("*.deb"):
            _do("dpkg", "-x", str(package), str(unpacked), cwd=directory)
    return path


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reachbot-bench"


def _do(*command: str, cwd: str) -> None:
    try:
        subprocess.run(command, cwd=cwd, check=True, capture_output=True, timeout=_DOWNLOAD_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError(f"{command[0]} failed") from error


@contextmanager
def running(path: Path) -> Iterator[int]:
    """Run it in the caller's namespaces, and yield its process id once it answers."""
    with TemporaryDirectory() as directory:
        modules = Path(directory) / "blackbox.yml"
        modules.write_text(_MODULES, encoding="utf-8")
        command = [str(path), f"--config.file={modules}", f"--web.listen-address={ADDRESS}", "--log.level=error"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                _await_ready()
                yield process.pid
            finally:
                process.kill()


def _await_ready() -> None:
    direct = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + _READY_S
    while True:
        try:
            with direct.open(f"http://{ADDRESS}/-/healthy", timeout=_READY_S):
                return
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
