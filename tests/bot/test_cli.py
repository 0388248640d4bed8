"""The command line keeps its contract: what it prints, how it ends, one line for whatever an operator gets wrong."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

import probes
from bot import cli
from bot.config import Settings
from bot.store import Store
from probes.model import Cause, Confidence, Status
from tests.bot.canned import CannedProber, report, step

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = str(Path(__file__).parents[2])
_PATIENCE_S = 60
"""With a process; on a busy machine Python alone takes its time."""
REPORTS = (
    report("whatsapp"),
    report("telegram", Status.BLOCKED, Cause.TLS_SNI_RESET),
    report("signal", Status.INCONCLUSIVE, Cause.HOST_OFFLINE, confidence=Confidence.POSSIBLE),
    report("youtube", Status.DEGRADED),
    report("example.org", kind="host"),
)


class CannedEngine(CannedProber):
    """Stands where the engine stands: opened with the settings' controls, and closed in the end."""

    opened: CannedEngine | None = None
    closed = False

    def __init__(self, **settings: Any) -> None:
        super().__init__(*REPORTS, observations=(step(),))
        self.settings = settings
        CannedEngine.opened = self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings and the database of whoever runs the tests out of them."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr("bot.logs.configure", lambda _: None)
    monkeypatch.setattr(probes, "Prober", CannedEngine, raising=False)
    CannedEngine.opened = None


@pytest.fixture
def reachbot(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["reachbot", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.mark.parametrize(
    ("targets", "code"),
    [
        (("whatsapp",), 0),
        (("whatsapp", "example.org"), 0),
        (("telegram",), 1),
        (("youtube",), 1),
        (("signal", "telegram", "whatsapp"), 1),
        (("signal",), 3),
        (("signal", "ватсап"), 3),
    ],
)
def test_a_check_ends_with_a_code_that_sums_up(reachbot: Any, targets: tuple[str, ...], code: int) -> None:
    assert reachbot("check", *targets)[0] == code


def test_a_check_says_what_was_found_in_the_order_of_the_targets(reachbot: Any) -> None:
    code, out, err = reachbot("check", "telegram", "whatsapp")
    assert [line for line in out.splitlines() if "—" in line] == [
        "✗ Telegram — blocked (confirmed)",
        "✓ WhatsApp — works",
    ]
    assert "/again" not in out
    assert (code, err) == (1, "")


def test_json_is_one_report_a_line_with_the_public_keys(reachbot: Any) -> None:
    _, out, err = reachbot("check", "--json", "telegram", "example.org")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["target"] for line in lines] == ["telegram", "example.org"]
    assert list(lines[0]) == [
        "target",
        "kind",
        "status",
        "confidence",
        "causes",
        "components",
        "beyond_dns",
        "directories",
        "baseline",
        "vantage",
        "started_at",
        "elapsed_s",
        "observations",
        "news",
    ]
    assert lines[0]["news"] == []
    assert err == ""


def test_a_check_opens_the_engine_as_configured_closes_it_and_needs_no_database(
    reachbot: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_PATH", str(tmp_path / "missing" / "db"))
    monkeypatch.setenv("TRUSTED_DOH", "https://doh.example/q https://doh.test/q")
    assert reachbot("check", "--deep", "whatsapp")[0] == 0
    engine = CannedEngine.opened
    assert engine is not None
    assert engine.settings["trusted_doh"] == ("https://doh.example/q", "https://doh.test/q")
    assert (engine.deep, engine.closed) == ([True], True)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("flurbl", "'flurbl' is neither a known service nor a host"),
        ("telegarn", "Did you mean telegram?"),
        ("127.0.0.1", "is an IP address"),
        ("http://me@example.org", "Leave out what stands before the @"),
        ("", "a target is empty"),
        (" \t", "a target is empty"),
        ("whatsapp@example.org", "Leave out what stands before the @"),
    ],
)
def test_a_bad_target_is_one_line_and_nothing_is_measured(reachbot: Any, target: str, said: str) -> None:
    code, out, err = reachbot("check", "whatsapp", target)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert CannedEngine.opened is None


@pytest.mark.parametrize("arguments", [("check",), ("check", "--nonsense", "whatsapp"), ("dance",)])
def test_a_wrong_usage_ends_with_2(reachbot: Any, arguments: tuple[str, ...]) -> None:
    code, out, err = reachbot(*arguments)
    assert (code, out) == (2, "")
    assert "Usage: reachbot" in err


def test_the_catalogue_is_listed(reachbot: Any) -> None:
    code, out, _ = reachbot("services")
    assert code == 0
    assert "whatsapp             messenger  WhatsApp\n" in out


def test_the_catalogue_as_json_is_one_service_a_line(reachbot: Any) -> None:
    _, out, _ = reachbot("services", "--json")
    whatsapp = next(one for one in map(json.loads, out.splitlines()) if one["id"] == "whatsapp")
    assert whatsapp["components"][0]["endpoints"][0].startswith("https://")


def stored(path: Path) -> None:
    async def store() -> None:
        async with Store.open(path) as opened:
            for days, known in enumerate(REPORTS):
                at = datetime(2026, 11, 1 + days, 12, tzinfo=UTC).timestamp()
                await opened.save_report(known.target, known, deep=False, measured_at=at)

    asyncio.run(store())


def test_what_is_stored_is_exported_in_ooni_s_format(reachbot: Any, tmp_path: Path) -> None:
    stored(tmp_path / "reachbot.sqlite3")
    code, out, err = reachbot("export", "--format", "ooni", "--since", "2026-11-02")
    names = [json.loads(line)["annotations"]["target"] for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert sorted(names) == ["example.org", "signal", "telegram", "youtube"]


@pytest.mark.parametrize(
    ("arguments", "said"), [((), "there is no database"), (("--format", "csv"), "csv"), (("--since", "now"), "now")]
)
def test_an_export_that_cannot_be_is_told(reachbot: Any, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = reachbot("export", *arguments)
    assert (code, out) == (2, "")
    assert said in err


# --- what operators get wrong ----------------------------------------------------------------------------------------


def broken_catalogue(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.toml").write_text('name = "Mine"\ncategory = \n')
    return {"CATALOGUE_DIR": "own"}


@pytest.mark.parametrize(
    ("environment", "command", "said"),
    [
        ({"LOG_LEVEL": "loud"}, ("services",), "LOG_LEVEL"),
        ({"CACHE_SECONDS": "soon"}, ("chat",), "CACHE_SECONDS"),
        ({"TELEGRAM_BOT_TOKEN": "hunter2"}, ("run",), "TELEGRAM_BOT_TOKEN"),
        ({"DATABASE_PATH": "missing/db"}, ("chat",), "the database missing/db cannot be written"),
        (broken_catalogue, ("check", "whatsapp"), "mine.toml"),
        (broken_catalogue, ("chat",), "mine.toml"),
    ],
)
def test_whatever_an_operator_gets_wrong_is_one_line(
    reachbot: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: Any,
    command: tuple[str, ...],
    said: str,
) -> None:
    for name, value in (environment(tmp_path) if callable(environment) else environment).items():
        monkeypatch.setenv(name, value)
    code, out, err = reachbot(*command)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("reachbot: ")
    assert said in err
    assert "hunter2" not in err


def test_a_broken_env_file_is_one_line(reachbot: Any, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LANGUAGE=en\nLOG_LEVEL\n")
    assert reachbot("services") == (2, "", "reachbot: .env, line 2: this is not NAME=value\n")


def test_a_fault_of_the_program_keeps_its_traces(
    reachbot: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(CannedEngine, "check", broken)
    assert reachbot("check", "whatsapp")[0] == 70
    assert "LookupError: a bug" in caplog.text


# --- as a process ----------------------------------------------------------------------------------------------------


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": ROOT, "PYTHONUNBUFFERED": ""}
    command = [sys.executable, "-W", "error", "-m", "bot", *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_chat_talks_in_a_pipe_without_any_setting_and_ends_with_its_input() -> None:
    with running() as process:
        out, err = process.communicate("/help\nflurbl wibble", timeout=_PATIENCE_S)
    assert "/check whatsapp telegram" in out
    assert "I did not find a service" in out
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_chat_in_order(number: signal.Signals, tmp_path: Path) -> None:
    with running("chat") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("/start\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith("I measure")
        process.send_signal(number)
        _, err = process.communicate(timeout=_PATIENCE_S)
    assert (process.returncode, err) == (0, "")
    assert not (tmp_path / "reachbot.sqlite3-wal").exists()


@pytest.mark.parametrize("command", ["chat", "export"])
def test_whatever_else_wants_the_database_of_a_running_bot_is_refused_in_one_line(command: str) -> None:
    with running("chat") as first:
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdin.write("/start\n")
        first.stdin.flush()
        first.stdout.readline()
        with running(command) as second:
            out, err = second.communicate("", timeout=_PATIENCE_S)
    assert (second.returncode, out) == (2, "")
    assert err == "reachbot: the database reachbot.sqlite3 is in use by another reachbot\n"


def test_a_reader_that_goes_away_is_no_drama() -> None:
    with running("chat") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        process.stdin.write("/start\n" * 3)
        process.stdin.close()
        process.wait(timeout=_PATIENCE_S)
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 1
