"""The services that people ask about, found by any name that people give them.

How one file is written is `probes.service_files`' affair; which words of a sentence are a name,
`bot.chat.matching`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING

from probes.authorities import read_roots
from probes.model import URL_PORTS, Service
from probes.service_files import (
    CATEGORIES,
    FILE_BYTES,
    CatalogueError,
    ServiceFile,
    fold,
    read_service_file,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from probes.model import Roots

__all__ = ["Catalogue", "CatalogueError", "fold", "names_of"]

_WEB = "web"
_MOST_FILES = 500
"""Service files that one directory may hold."""


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The known services, in the order of their ids."""

    services: tuple[Service, ...]
    ordinary_words: frozenset[str] = frozenset()
    """Folded names that are ordinary words as well: inside prose they mean no service."""

    @classmethod
    def load(cls, extra: Path | None = None) -> Catalogue:
        """Return the shipped services, with those of the directory `extra` added or, by id, put in their place.

        A directory `roots` inside of it does the same with the authorities that services have of their own. Raises
        CatalogueError, in one line, for the first thing that is wrong.
        """
        package = resources.files("probes")
        roots = read_roots(package / "roots", "roots", check=False)
        if extra is not None:
            roots |= read_roots(extra / "roots", f"{extra}/roots")
        files = {file.service.id: file for file in _read_directory(package / "services", "services", roots)}
        own = () if extra is None else tuple(_read_directory(extra, str(extra), roots))
        files |= {file.service.id: file for file in own}
        ordered = [files[id_] for id_ in sorted(files)]
        _refuse_shared_names(sorted(ordered, key=own.__contains__))
        ordinary_words = frozenset(fold(word) for file in ordered for word in file.ordinary_words)
        return cls(tuple(file.service for file in ordered), ordinary_words)

    def __iter__(self) -> Iterator[Service]:
        return iter(self.services)

    def __len__(self) -> int:
        return len(self.services)

    def get(self, id_: str) -> Service | None:
        """Return the service with exactly this id."""
        return self._by_id.get(id_)

    def find(self, name: str) -> Service | None:
        """Return the service that people call `name`: by its id, name or alias, compared after `fold`."""
        return self.by_name.get(fold(name))

    def find_host(self, host: str) -> Service | None:
        """Return the service whose sites include `host`, with or without "www.": its web's and its essential ones."""
        return self._by_site.get(_bare(host.casefold()))

    def categories(self) -> dict[str, tuple[Service, ...]]:
        """Return the services by category, the categories in their own order, none of them empty."""
        groups = {name: tuple(service for service in self if service.category == name) for name in CATEGORIES}
        return {name: services for name, services in groups.items() if services}

    @cached_property
    def by_name(self) -> dict[str, Service]:
        """Every folded name with its service."""
        return {fold(name): service for service in self for name in names_of(service)}

    @cached_property
    def _by_id(self) -> dict[str, Service]:
        return {service.id: service for service in self}

    @cached_property
    def _by_site(self) -> dict[str, Service]:
        return {
            _bare(endpoint.host): service
            for service in self
            for component in service.components
            for endpoint in component.endpoints
            if (component.essential or component.id == _WEB) and endpoint.scheme in URL_PORTS
        }


def names_of(service: Service) -> Iterator[str]:
    """Yield the id, the name and the aliases in every language."""
    yield service.id
    yield service.name
    for aliases in service.aliases.values():
        yield from aliases


def _bare(host: str) -> str:
    return host.removesuffix(".").removeprefix("www.")


def _read_directory(directory: Traversable | Path, shown: str, roots: Mapping[str, Roots]) -> Iterator[ServiceFile]:
    """Read every service file of a directory, in the order of their names; `shown` is how messages call it."""
    try:
        entries = sorted((entry for entry in directory.iterdir() if entry.name.endswith(".toml")), key=_name)
    except OSError as error:
        raise CatalogueError(f"{shown}: cannot be read: {error.strerror}") from error
    if len(entries) > _MOST_FILES:
        raise CatalogueError(f"{shown}: more than {_MOST_FILES} service files")
    for entry in entries:
        path = f"{shown}/{entry.name}"
        yield read_service_file(entry.name.removesuffix(".toml"), path, _read(entry, path), roots)


def _name(entry: Traversable) -> str:
    return entry.name


def _read(entry: Traversable, path: str) -> bytes:
    if not entry.is_file():
        raise CatalogueError(f"{path}: not a file")  # a pipe would keep the reader waiting for ever
    try:
        with entry.open("rb") as file:
            return file.read(FILE_BYTES + 1)
    except OSError as error:
        raise CatalogueError(f"{path}: cannot be read: {error.strerror}") from error


def _refuse_shared_names(files: Iterable[ServiceFile]) -> None:
    """Raise CatalogueError where one name would mean two services, for the later file."""
    owners: dict[str, ServiceFile] = {}
    for file in files:
        for location, name in _located_names(file.service):
            owner = owners.setdefault(fold(name), file)
            if owner is not file:
                raise file.error(location, f"{name!r} is already a name of {owner.path}")


def _located_names(service: Service) -> Iterator[tuple[tuple[str | int, ...], str]]:
    yield (), service.id
    yield ("name",), service.name
    for language, aliases in service.aliases.items():
        for index, alias in enumerate(aliases):
            yield ("aliases", language, index), alias
