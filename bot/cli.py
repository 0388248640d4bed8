"""The command line, a public contract: what people type, what is printed and how the process ends.

Whatever an operator gets wrong is one line on standard error.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bot import app as parts
from bot import logs
from bot.chat import replies
from bot.chat.matching import match
from bot.checks import Answer
from bot.config import SettingsError, load_settings
from bot.operator_line import LineError
from bot.store import Store, StoreError
from bot.transports.console import PipeScreen, forgiving, screen_for
from bot.transports.errors import TransportError
from probes import reports
from probes.catalogue import Catalogue, CatalogueError
from probes.model import Status
from probes.targets import BadTarget, host_service

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from bot.config import Settings
    from bot.news import Story
    from probes.model import Report, Service

_NOT_OK = 1
_USAGE = 2
_INCONCLUSIVE = 3
_GARBAGE_OBJECTS = 10_000
"""A few megabytes; one check of a service makes some 40,000 objects that others contain, nearly all of them kept."""
_BUG = 70
"""EX_SOFTWARE of sysexits.h."""


class _RefusedError(Exception):
    """What cannot be done as it was asked; the text is one line."""


_MISTAKES = (SettingsError, StoreError, CatalogueError, TransportError, LineError, _RefusedError, OSError)
"""What is the operator's to put right, told in the error's own line."""

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Measures whether a service can be reached from here and, if not, what stops it.",
)


@app.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        run()


@app.command()
def run() -> None:
    """Start the transports that are configured; with none, a chat in this terminal."""
    _serve(parts.run)


@app.command()
def chat() -> None:
    """Chat on standard input and output, one message a line."""
    _serve(parts.chat)


@app.command()
def check(
    targets: Annotated[list[str], typer.Argument(metavar="TARGET...", help="Services, or host names.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one report a line as JSON.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Take the time for slower steps as well.")] = False,
) -> None:
    """Measure now, past any cache. Exits with 0 if all is ok, 1 if not, 3 if nothing is worse than inconclusive."""
    settings = _settings()
    catalogue = Catalogue.load(settings.catalogue_dir)
    services = [_target(text, catalogue) for text in targets]
    found = asyncio.run(_check(settings, services, as_json=as_json, deep=deep))
    raise typer.Exit(_verdict(found))


@app.command()
def services(
    as_json: Annotated[bool, typer.Option("--json", help="Print one service a line as JSON.")] = False,
) -> None:
    """List the services that are known by name."""
    for service in Catalogue.load(_settings().catalogue_dir):
        typer.echo(json.dumps(_plain(service), ensure_ascii=False) if as_json else _row(service))


@app.command()
def control(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8080,
) -> None:
    """Be an outside control for others, over plain HTTP: put a proxy that ends TLS in front of it."""
    from probes.control.server import serve  # noqa: PLC0415 -- the server is a fifth of a second to all other commands

    def tell(bound: int) -> None:
        typer.echo(f"Listening on {host}, port {bound}")

    async def listen(settings: Settings) -> None:
        try:
            await serve(host, port, trusted_doh=settings.trusted_doh, on_listening=tell)
        except (OSError, UnicodeError) as error:  # the latter for a host that no name can be
            raise _RefusedError(f"cannot listen on {host!r}, port {port}: {_reason(error)}") from error

    _serve(listen)


class _ExportFormat(StrEnum):
    OONI = "ooni"


@app.command()
def export(
    as_format: Annotated[_ExportFormat, typer.Option("--format", help="What to write.")] = _ExportFormat.OONI,
    since: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Leave out what is older (UTC).")
    ] = datetime(1970, 1, 1),  # noqa: DTZ001 -- as typer reads a date
) -> None:
    """Print what is stored of each target, one measurement a line, in OONI's data format. No bot may be running."""
    settings = _settings()
    asyncio.run(_export(settings, _writer(as_format), since.replace(tzinfo=UTC).timestamp()))


def _writer(as_format: _ExportFormat) -> Callable[[Report], dict[str, Any]]:
    match as_format:
        case _ExportFormat.OONI:
            from probes.ooni import measurement  # noqa: PLC0415 -- no other command needs it

            return measurement


async def _export(settings: Settings, write: Callable[[Report], dict[str, Any]], since: float) -> None:
    if not settings.database_path.exists():
        raise _RefusedError(f"there is no database {settings.database_path}: nothing was measured yet")
    async with Store.open(settings.database_path) as store:
        async for stored in store.reports_since(since):
            typer.echo(json.dumps(write(stored.report), ensure_ascii=False))


@app.command()
def broadcast(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The text; - reads standard input.")],
    audience: Annotated[
        list[str] | None,
        typer.Option(help="everyone, language=ru, service=whatsapp or kind=group; may be given several times."),
    ] = None,
    at: Annotated[str | None, typer.Option(help='When to begin: "2026-12-01 09:00" (UTC).')] = None,
    html: Annotated[bool, typer.Option("--html", help="The text has markup, as Telegram reads it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Have the running bot tell a text to many."""
    from bot.broadcasts import command  # noqa: PLC0415 -- no other command needs it

    settings = _settings()
    if file == "-" and not yes:
        raise LineError("a text from standard input needs --yes: there is nobody to ask")
    wanted = command.wanted(file, audience or ["everyone"], at, html=html)

    question = asyncio.run(command.question(settings.database_path, wanted))
    if yes or typer.confirm(question):  # outside of a loop: there, Ctrl-C would not interrupt it
        asyncio.run(command.send(settings.database_path, wanted, typer.echo))
    else:
        typer.echo("Nothing was sent.")


def _reason(error: OSError | UnicodeError) -> str:
    """Return what went wrong, without what asyncio puts before it."""
    return (error.strerror or str(error)).rpartition(": ")[2] if isinstance(error, OSError) else "that is no host"


def main() -> None:
    """Run the command line and end the process."""
    spare_the_collector()
    forgiving(sys.stdout)
    try:
        app(prog_name="reachbot")
    except Exception as error:  # noqa: BLE001 -- the border of the process
        _end(error)


def spare_the_collector() -> None:
    """Look for cyclic garbage seldom, and not among what lives as long as the process: it took a sixth of a check."""
    gc.freeze()
    gc.set_threshold(_GARBAGE_OBJECTS)


def _settings() -> Settings:
    settings = load_settings()
    logs.configure(settings.log_level)
    return settings


def _serve(part: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    settings = _settings()
    asyncio.run(parts.until_stopped(part(settings)))


# --- targets and reports ---------------------------------------------------------------------------------------------


def _target(text: str, catalogue: Catalogue) -> Service:
    """Return the service of that name, or else the host."""
    if not text.strip():
        raise _RefusedError("a target is empty: type the name of a service or of a host, such as example.org")
    if service := catalogue.find(text):
        return service
    try:
        return host_service(text)
    except BadTarget as error:
        meant = [service.id for service in match(text, catalogue).suggestions]
        hint = f" Did you mean {' or '.join(meant)}?" if meant else ""
        raise _RefusedError(f"{text!r} is neither a known service nor a host: {error}{hint}") from error


async def _check(settings: Settings, services: Sequence[Service], *, as_json: bool, deep: bool) -> Sequence[Report]:
    """Print each report as soon as those before it are printed, and return them all."""
    screen = PipeScreen(sys.stdout) if as_json else screen_for(sys.stdout)
    if as_json:
        reports.prepare()
    found: list[Report] = []
    async for report in parts.check(settings, services, screen, deep=deep):
        if as_json:
            stories = await parts.stored_news(settings, services[len(found)], report.vantage.country)
            news = [_story(story) for story in stories]
            typer.echo(json.dumps(reports.as_dict(report) | {"news": news}, ensure_ascii=False))
        else:
            said = replies.answer(services[len(found)], Answer(report, time.time()))
            await screen.answer(replace(said, buttons=()))  # there is no chat to press them in
        found.append(report)
    screen.leave()
    return found


def _story(story: Story) -> dict[str, Any]:
    at = story.published_at
    published_at = None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {"title": story.title, "url": story.url, "source": story.source, "published_at": published_at}


def _verdict(found: Iterable[Report]) -> int:
    statuses = {report.status for report in found}
    if statuses <= {Status.OK}:
        return 0
    return _INCONCLUSIVE if statuses <= {Status.OK, Status.INCONCLUSIVE} else _NOT_OK


def _row(service: Service) -> str:
    return f"{service.id:<20} {service.category:<10} {service.name}"


def _plain(service: Service) -> dict[str, Any]:
    components = [
        {"id": part.id, "essential": part.essential, "pool": part.pool, "endpoints": list(map(str, part.endpoints))}
        for part in service.components
    ]
    return {
        "id": service.id,
        "name": service.name,
        "category": service.category,
        "aliases": {language: list(names) for language, names in service.aliases.items()},
        "components": components,
    }


# --- how the process ends --------------------------------------------------------------------------------------------


def _end(error: BaseException) -> NoReturn:
    """Tell an operator's mistake in one line; leave a fault of the program with all its traces."""
    while isinstance(error, BaseExceptionGroup):  # whatever came together has one cause as a rule
        error = error.exceptions[0]
    if isinstance(error, BrokenPipeError):
        # Python would write the rest of its buffer at exit, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    if isinstance(error, _MISTAKES):
        typer.echo(f"reachbot: {logs.redact(' '.join(str(error).split()))}", err=True)
        sys.exit(_USAGE)
    logging.getLogger(__name__).critical("Stopped by an error that nobody caught", exc_info=error)
    sys.exit(_BUG)
