"""The lab itself: who may bring it up, what it costs, how commands run in it, and that it leaves nothing behind."""

import asyncio
import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from probes import trust
from tests.lab import client, kernel
from tests.lab.calls import call_forked
from tests.lab.censor import Address, Censor, Drop, Rule, Sni
from tests.lab.errors import LabError, NamespacesForbiddenError
from tests.lab.lab import Lab
from tests.lab.links import tun_is_open
from tests.lab.scenario import Scenario
from tests.lab.world import World

EXAMPLE, EXAMPLE_V6, NAME = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "www.example.com"
HEALTHY = Scenario("healthy", "", World(), Censor(delay_s=0.001))
NOBODY = 65534

pytestmark = pytest.mark.usefixtures("lab")


def test_it_is_up_reconfigured_and_down_in_no_time() -> None:
    """Prints what it measured; asserts nothing that a busy machine could break."""
    marks = [time.perf_counter()]
    with Lab() as other:
        marks.append(time.perf_counter())
        other.configure(HEALTHY)
        marks.append(time.perf_counter())
        other.configure(HEALTHY)
        marks.append(time.perf_counter())
        assert other.call(client.tls, EXAMPLE, NAME) == "ok"
        marks.append(time.perf_counter())
    marks.append(time.perf_counter())
    names = ("up", "first world", "another", "a TLS handshake", "down")
    steps = zip(names, marks, marks[1:], strict=False)
    print(", ".join(f"{name} {1000 * (end - start):.0f} ms" for name, start, end in steps))


@pytest.mark.parametrize("use_tun", [tun_is_open(), False])
def test_both_kinds_of_uplink_carry_both_families(use_tun: bool) -> None:
    with Lab(use_tun=use_tun) as other:
        other.configure(HEALTHY)
        assert other.call(client.tls, EXAMPLE, NAME) == "ok"
        assert other.call(client.tls, EXAMPLE_V6, NAME) == "ok"
        assert client.told(other.call(client.ask, "195.34.32.116", NAME)) == EXAMPLE
        assert other.call(client.tcp, "5.5.5.5", 443, client.SILENT_S) == "timeout"
        other.configure(Scenario("blocked", "", World(), Censor((Rule(Sni("example.com"), Drop()),))))
        assert other.call(client.tls, EXAMPLE, NAME, client.SILENT_S) == "timeout"


def test_an_unprivileged_user_has_a_lab_too() -> None:
    importlib.import_module("tests.lab.world.server")  # nobody else may be allowed to read the source

    user = os.geteuid() or NOBODY

    def become_nobody() -> None:
        if os.geteuid() != 0:
            return  # all of this suite runs as an unprivileged user already
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        kernel.allow_inspection()

    def use_lab() -> tuple[str, str]:
        with Lab() as other:
            other.configure(HEALTHY)
            return other.call(client.tls, EXAMPLE, NAME), other.run(["id", "-u"]).stdout

    assert call_forked(become_nobody, use_lab, 30.0) == ("ok", f"{user}\n")


PROGRAM = """
import sys, time
from tests.lab.lab import Lab
lab = Lab().up()
lab.popen(["sh", "-c", "setsid sleep 1000 & sleep 1000"], stdout=2)
print(lab.run(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo " + str(lab.files)]).stdout, end="", flush=True)
time.sleep(1000)
"""


def test_nothing_is_left_when_its_owner_is_killed() -> None:
    """Every process of a lab holds the standard error of its owner: when that pipe ends, all have gone."""
    argv = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as owner:
        assert owner.stdout
        files = Path(owner.stdout.readline().decode().strip())
        assert files.is_dir()
        owner.kill()
        started = time.perf_counter()
        assert owner.communicate(timeout=10) == (b"", b"")
        print(f"all gone after {1000 * (time.perf_counter() - started):.0f} ms")
    assert not files.exists()


def test_what_commands_leave_running_ends_with_the_lab() -> None:
    with Lab() as other:
        process = other.popen(["sh", "-c", "setsid sleep 1000 & echo started"], stdout=subprocess.PIPE)
        assert process.stdout
        assert process.stdout.readline() == b"started\n"
        assert process.wait(10) == 0
    assert process.communicate(timeout=10) == (b"", None)  # the last one that held the pipe has gone


def test_a_command_gets_its_input_and_gives_its_output_and_code(lab: Lab) -> None:
    done = lab.run(["sh", "-c", "cat; echo oops >&2; exit 7"], input="hello")
    assert (done.stdout, done.stderr, done.returncode) == ("hello", "oops\n", 7)


def test_a_command_sees_the_lab_and_not_the_machine(lab: Lab) -> None:
    lab.configure(Scenario("test", "", World(), Censor(), resolvers=("9.9.9.9",)))
    done = lab.run(["sh", "-c", "cat /etc/resolv.conf; echo $SSL_CERT_FILE $https_proxy; pwd"], env={"https_proxy": ""})
    resolver, certificate, directory = done.stdout.splitlines()
    assert resolver == "nameserver 9.9.9.9"
    assert Path(certificate.strip()).is_file()
    assert directory == str(Path.cwd())


def test_a_proxy_of_the_machine_is_forgotten(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://192.0.2.1:8080")
    assert lab.run(["sh", "-c", "echo $HTTPS_PROXY"]).stdout == "\n"
    assert lab.run(["sh", "-c", "echo $HTTPS_PROXY"], env={"HTTPS_PROXY": "http://a"}).stdout == "http://a\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_signals_reach_the_command(lab: Lab, number: signal.Signals) -> None:
    with lab.popen(["sleep", "1000"], stdout=subprocess.PIPE) as process:
        process.send_signal(number)
        assert process.communicate(timeout=10) == (b"", None)
        assert process.returncode == -number


def test_whoever_is_killed_on_the_way_in_leaves_nobody_behind(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel says nothing of a parent that had died before it was asked to."""
    gate, opener = os.pipe()
    heard, voice = os.pipe()
    die_with_parent = kernel.die_with_parent

    def come_late() -> None:
        os.read(gate, 1)
        die_with_parent()

    monkeypatch.setattr(kernel, "die_with_parent", come_late)
    with pytest.raises(TimeoutError):
        lab.call(os.write, voice, b"alive", timeout_s=0.2)
    os.write(opener, b"\n")
    os.close(voice)
    assert os.read(heard, 5) == b""
    for descriptor in (gate, opener, heard):
        os.close(descriptor)


def test_a_command_is_killed_when_a_test_of_it_fails(lab: Lab) -> None:
    with pytest.raises(ZeroDivisionError), lab.popen(["sleep", "1000"]) as process:
        raise ZeroDivisionError
    assert process.returncode == -signal.SIGKILL


def test_a_command_that_takes_too_long_is_killed(lab: Lab) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        lab.run(["sh", "-c", "sleep 1000 & sleep 1000"], timeout_s=0.2)


def test_a_missing_command_is_an_error_at_once(lab: Lab) -> None:
    with pytest.raises(FileNotFoundError):
        lab.run(["no-such-command"])


def test_asynchronous_code_runs_on_the_client_host(lab: Lab) -> None:
    lab.configure(HEALTHY)

    async def peer() -> tuple[str, int]:
        _, writer = await asyncio.open_connection(EXAMPLE, 443)
        address: tuple[str, int] = writer.get_extra_info("peername")
        writer.close()
        return address

    assert lab.call(lambda: asyncio.run(peer())) == (EXAMPLE, 443)


def test_a_call_trusts_the_lab_whomever_this_process_has_trusted_before(lab: Lab) -> None:
    trust.verifying_context()
    lab.configure(HEALTHY)

    def shake_hands() -> str:
        with socket.create_connection((EXAMPLE, 443)) as stream:
            return str(trust.verifying_context().wrap_socket(stream, server_hostname=NAME).version())

    assert lab.call(shake_hands) == "TLSv1.3"


async def test_a_call_may_come_from_a_running_loop(lab: Lab) -> None:
    lab.configure(HEALTHY)
    assert lab.call(lambda: asyncio.run(asyncio.sleep(0, "done"))) == "done"


def test_an_exception_comes_out_of_a_call(lab: Lab) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        lab.call(lambda: 1 // 0)
    assert "1 // 0" in "".join(caught.value.__notes__)


def test_a_call_that_hangs_is_ended(lab: Lab) -> None:
    with pytest.raises(TimeoutError):
        lab.call(time.sleep, 1000, timeout_s=0.2)


def test_a_call_that_dies_is_an_error(lab: Lab) -> None:
    with pytest.raises(LabError):
        lab.call(lambda: os._exit(3))


def test_a_censor_that_makes_no_sense_is_refused_and_the_last_one_stays(lab: Lab) -> None:
    lab.configure(HEALTHY)
    with pytest.raises(LabError, match="host bits"):
        lab.configure(Scenario("test", "", World(), Censor((Rule(Address("10.0.0.1/8"), Drop()),))))
    assert lab.call(client.tls, EXAMPLE, NAME) == "ok"


def test_a_lab_whose_servers_have_died_says_so() -> None:
    with Lab(world_main=lambda _: None) as other, pytest.raises(LabError, match="the world does not answer"):
        other.configure(HEALTHY)


def test_the_journal_tells_what_reached_the_servers(lab: Lab) -> None:
    lab.configure(HEALTHY)
    lab.call(client.tls, EXAMPLE, NAME)
    assert [entry["sni"] for entry in lab.journal() if entry["kind"] == "tls"] == [NAME]


def test_where_namespaces_are_forbidden_one_line_says_so() -> None:
    """A user namespace may limit how many others are made in it: a lab's own serves to try that."""

    def forbid_and_try() -> tuple[str, subprocess.CompletedProcess[str]]:
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
        with pytest.raises(NamespacesForbiddenError) as caught:
            Lab().up()
        return str(caught.value), run_lab("healthy", "--", "true")

    with Lab() as other:
        reason, command = other.call(forbid_and_try)
    assert reason == "this user may not make network namespaces here: unshare: No space left on device"
    assert (command.returncode, command.stdout, command.stderr) == (2, "", f"tests.lab: {reason}\n")


def run_lab(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "tests.lab", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, **options)


def test_the_command_line_runs_anything_in_a_scenario() -> None:
    done = run_lab("healthy", "--", "sh", "-c", "cat /etc/resolv.conf; exit 5")
    assert (done.returncode, done.stderr) == (5, "")
    assert done.stdout.startswith("nameserver 195.34.32.116\n")


@pytest.mark.parametrize("empty", [{}, {"DATABASE_PATH": ""}])
def test_a_command_remembers_nothing_of_other_scenarios_nor_of_the_real_world(
    tmp_path: Path, empty: dict[str, str]
) -> None:
    (tmp_path / ".env").write_text("DATABASE_PATH=real.sqlite3\n")
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_PATH"} | empty
    first, second = (database_in_lab(tmp_path, environment) for _ in range(2))
    assert first.name == second.name != "real.sqlite3"
    assert first != second
    assert not first.parent.exists()
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_command_remembers_where_it_is_told_to(tmp_path: Path) -> None:
    assert database_in_lab(tmp_path, os.environ | {"DATABASE_PATH": "kept.sqlite3"}) == Path("kept.sqlite3")
    assert (tmp_path / "kept.sqlite3").exists()


def database_in_lab(directory: Path, environment: Mapping[str, str]) -> Path:
    """Return where a command in the lab has put the bot's database."""
    code = "import bot.config; path = bot.config.load_settings().database_path; path.touch(); print(path)"
    root = str(Path(__file__).parents[2])
    command = ("healthy", "--", sys.executable, "-c", code)
    done = run_lab(*command, cwd=directory, env={**environment, "PYTHONPATH": root})
    assert (done.returncode, done.stderr) == (0, "")
    return Path(done.stdout.strip())


def test_the_command_line_lists_the_scenarios() -> None:
    done = run_lab("--list")
    assert done.returncode == 0
    assert any(line.startswith("russia-2026-02 ") for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(("nowhere", "--", "true"), "no scenario 'nowhere'"), (("healthy",), "no command"), ((), "no scenario")],
)
def test_the_command_line_refuses_in_one_line(arguments: tuple[str, ...], complaint: str) -> None:
    done = run_lab(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1
