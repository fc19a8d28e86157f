"""Bad arguments, cut-off output and closed streams: one sentence or silence, and never a traceback."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pytest

from bot.cli.new_sprocket import CannotWrite, NoSuchName, write_sprocket
from bot.config import Settings
from tests.support.command_line import ROOT, environment, start

pytestmark = pytest.mark.long

AT_ONCE = 4


@dataclass(frozen=True)
class Case:
    """A command line, its exit status, and what its one sentence says."""

    arguments: tuple[str, ...]
    status: int
    says: str
    environment: dict[str, str] = field(default_factory=dict[str, str])


def case(line: str, status: int, says: str, **environment: str) -> Case:
    return Case(tuple(line.split()), status, says, environment)


CASES = (
    *(
        case(f"demo --no-browser --port {port}", 2, "is not a whole number from 0 to 65535")
        for port in ("80000", "65536", "-1", "abc", "1e3", "9" * 5000)
    ),
    case("dev --port 80000", 2, "is not a whole number from 0 to 65535"),
    case("", 2, "COMMAND"),
    case("fly", 2, "invalid choice: 'fly'"),
    case("run --cluster a/b", 2, "such as 2/8", DISCORD_TOKEN="x.y.z"),
    case("run --cluster 3/2", 2, "such as 2/8", DISCORD_TOKEN="x.y.z"),
    case("run --cluster 1/2", 78, "`server: external`", DISCORD_TOKEN="x.y.z"),
    case("run --fast", 2, "--fast"),
    case("doctro", 2, "did you mean 'doctor'?"),
    case("run --clustre 2/8", 2, "did you mean --cluster?"),
    case("first-day --gulid 12", 2, "did you mean --guild?"),
    case("token mkae x", 2, "did you mean 'make'?"),
    case("run", 78, "set DISCORD_TOKEN"),
    case("run --config /nowhere.yaml", 78, "There is no configuration file"),
    case("server --config .", 78, "cannot be read"),
    case("doctor --config .", 2, "cannot be read"),
    case("doctor --config /dev/zero", 2, "too large"),
    case("doctor --config BINARY", 2, "cannot be read"),
    case("doctor --config", 2, "expected one argument"),
    case("doctor", 2, "handler_port".upper(), SCHEDULEZERO_HANDLER_PORT="0"),
    case("server", 78, "`tls_certificate` and `tls_key` belong together", SCHEDULEZERO_TLS_KEY="/nowhere"),
    case("server", 78, "can be reached from other", SCHEDULEZERO_API_ENDPOINT="http://0.0.0.0:8888"),
    case("first-day", 2, "--guild"),
    case("first-day --guild 12", 2, "'12' is not an id"),
    case("first-day --guild 123456789012345678 --person me", 2, "'me' is not an id"),
    case("first-day --guild 123456789012345678 --yes", 2, "set DISCORD_TOKEN"),
    case("first-day --guild 123456789012345678", 2, "give --yes", DISCORD_TOKEN="x.y.z"),
    case("first-day --guild 123456789012345678 --yes --report /nowhere/x", 2, "can't be", DISCORD_TOKEN="x"),
    case("keys", 1, "cannot be read or made", SCHEDULEZERO_KEYS="/dev/null/keys"),
    case("keys --allow short", 2, "40 characters"),
    case("keys --allow", 2, "expected one argument"),
    case("keys --name moonbase", 2, "--name goes with --allow"),
    case("keys --revoke nobody", 2, "There is no key 'nobody'"),
    case("keys --revoke a --allow b", 2, "not allowed with"),
    case("token", 2, "ACTION"),
    case("token make", 2, "name"),
    case("token make x --scope all", 2, "invalid choice: 'all'"),
    Case(("token", "make", ""), 2, "visible characters"),
    case("token list --config /nowhere.yaml", 2, "There is no configuration file /nowhere.yaml"),
    case("--config /nowhere.yaml token list", 2, "There is no configuration file /nowhere.yaml"),
    case("token --config /nowhere.yaml list", 2, "There is no configuration file /nowhere.yaml"),
    case("doctor --config nowhere.yaml", 2, f"There is no configuration file {ROOT}/nowhere.yaml"),
    case("token revoke nothing", 1, "There is no token"),
    case("new-sprocket ../../x", 2, "cannot be a sprocket's name"),
    case("new-sprocket class", 2, "cannot be a sprocket's name"),
    case("new-sprocket setup", 2, "means something else already"),
    case("when x --count 99999999999", 2, "is not a whole number from 0 to 1000"),
    case("when tomorrow --timezone Nope", 2, "time zone"),
    case("when tomorrow --now nope", 2, "isn't a date"),
    case("when tomorrow --locale xx", 2, "it must be one of de, en"),
    case("when tomorrow --locale en_GB", 2, "such as en-GB"),
    case("when nonsense", 2, "was not understood"),
    case("restore", 2, "backup"),
    case("restore nowhere", 2, f"There is no file or folder {ROOT}/nowhere"),
    case("restore tests", 2, f"The folder {ROOT}/tests has no file"),
    case("restore x", 2, "pg_restore", SCHEDULEZERO_DATABASE="postgresql://a@b/c"),
    case("move", 2, "--to"),
    case("move --to nowhere", 2, "postgresql://user:password@host/name"),
    case("move --to postgresql://a@b/d", 2, "already", SCHEDULEZERO_DATABASE="postgresql://a@b/c"),
)


async def shell(settings: Settings, script: str, **extra: str) -> tuple[int, str, str]:
    """A command in a shell; ``$BOT`` is the program."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", script,
        cwd=ROOT, env=environment(settings, BOT=f"{sys.executable} -m bot", **extra),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


async def test_bad_arguments_are_one_sentence(settings: Settings, tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(bytes(range(256)) * 4)
    turns = asyncio.Semaphore(AT_ONCE)
    wrong: list[str] = []

    async def check(case: Case) -> None:
        arguments = [str(binary) if item == "BINARY" else item for item in case.arguments]
        extra = {"SCHEDULEZERO_KEYS": str(tmp_path / "keys"), **case.environment}
        async with turns:
            process = await start(settings, *arguments, **extra)
            out, err = await asyncio.wait_for(process.communicate(), 60)
        text = err.decode()
        one = text.startswith("schedulezero-bot: ") and text.count("\n") == 1
        if process.returncode != case.status or case.says not in text or not one or out:
            wrong.append(f"{case.arguments}: {process.returncode} {out!r} {text[-600:]}")

    await asyncio.gather(*(check(item) for item in CASES))
    assert not wrong, "\n".join(wrong)


async def test_output_that_is_cut_off_is_no_failure_to_tell_of(settings: Settings) -> None:
    scripts = (
        "$BOT when 'every day at 9' --count 1000 | head -1",
        "$BOT token list | head -0",
        "$BOT doctor | head -1",
        "$BOT --help | head -0",
        "$BOT keys | head -c 1",
    )
    await shell(settings, "$BOT token make first; $BOT keys")  # both say so when they make what isn't there
    for unbuffered in ("", "1"):
        for script in scripts:
            # Until head has gone, nothing is written; else it might be in time.
            late = script.replace("$BOT", "(sleep 0.2; exec $BOT", 1).replace(" |", ") |", 1)
            status, _, err = await shell(
                settings, f"{late}; exit ${{PIPESTATUS[0]}}", PYTHONUNBUFFERED=unbuffered
            )
            assert err == "", (script, err)
            assert status in (0, 1, 141), (script, status)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
async def test_closed_streams_do_no_harm(settings: Settings, closed: str) -> None:
    await shell(settings, "$BOT token make first")
    status, _, err = await shell(settings, f"$BOT token list {closed}")
    assert (status, err) == (0, "")
    status, out, err = await shell(settings, "$BOT token list")  # no output went into the database
    assert (status, err) == (0, "") and out.endswith("  first\n")


async def test_a_full_disk_is_told(settings: Settings) -> None:
    status, _, err = await shell(settings, "$BOT when 'every day at 9' > /dev/full")
    assert status == 1
    assert err == "schedulezero-bot: the output cannot be written: No space left on device.\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("what", ["--help", "token --help", "--version"])
async def test_a_full_disk_is_told_of_help_and_version_too(
    settings: Settings, what: str, unbuffered: str
) -> None:
    status, _, err = await shell(settings, f"$BOT {what} > /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert status == 1
    assert err == "schedulezero-bot: the output cannot be written: No space left on device.\n"


async def test_the_version(settings: Settings) -> None:
    assert await shell(settings, "$BOT --version") == (
        0,
        f"schedulezero-bot {version('schedulezero-discord')}\n",
        "",
    )


async def test_a_terminal_that_knows_ascii_only(settings: Settings) -> None:
    ascii_only = {"PYTHONUTF8": "1", "PYTHONIOENCODING": "ascii"}
    status, out, err = await shell(settings, "$BOT when 'tous les jours à 9h' --locale fr", **ascii_only)
    assert (status, err) == (0, "") and "09:00" in out and out.isascii()
    script = "$BOT when 'tous les jours à 9h' --locale fr --json"
    status, out, err = await shell(settings, script, **ascii_only)
    assert (status, err) == (0, "") and '"text": "' in out and "\\u00e0" in out
    # Arguments that are no text in the terminal's own encoding, either.
    c_locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    status, _, err = await shell(settings, "$BOT when 'tous les jours à 9h' --locale fr", **c_locale)
    assert status == 2 and err.count("\n") == 1
    status, _, err = await shell(settings, "$BOT when 'nicht so' --locale de", **ascii_only)
    assert status == 2 and err.count("\n") == 1 and "Traceback" not in err
    status, out, err = await shell(settings, "$BOT doctor", **ascii_only)
    assert status == 1 and "?" in out and err == ""


@pytest.mark.parametrize(
    "command", [("doctor",), ("server",), ("demo", "--no-browser"), ("when", "tomorrow")]
)
async def test_ctrl_c_at_any_moment(settings: Settings, command: tuple[str, ...]) -> None:
    async def interrupted(seconds: float) -> str:
        process = await start(settings, *command)
        try:
            await asyncio.wait_for(process.wait(), seconds)
        except TimeoutError:
            process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), 60)
        # Python itself tells of a Ctrl-C while it starts, before it runs any of our lines.
        ours = b"Traceback" in err and b"/bot/" in err
        return f"{seconds}: {err.decode()}" if ours else ""

    # The moments are spread over the start of the command; which lines they meet differs each time.
    told = [await interrupted(moment / 1000) for moment in range(60, 1500, 240)]
    assert not any(told), "\n".join(told)


LOSES_A_CTRL_C = """
import os, signal, sys

class Interrupting:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)  # Python can raise nothing in a destructor

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "bot.config":
            try:
                Interrupting()
            except BaseException:
                pass

sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize("command", [("doctor",), ("server",), ("demo", "--no-browser")])
async def test_a_ctrl_c_that_python_loses_stops_the_command(
    settings: Settings, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "sitecustomize.py").write_text(LOSES_A_CTRL_C)
    process = await start(settings, *command, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    try:
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
    assert (process.returncode, out) == (130, b"")


async def test_a_taken_or_forbidden_port_of_the_demo(settings: Settings) -> None:
    if os.geteuid() == 0 and (os.uname().sysname != "Linux" or not Path("/usr/bin/setpriv").exists()):
        pytest.skip("root may use any port, and there is no setpriv")
    drop = "setpriv --bounding-set -all --inh-caps -all --ambient-caps -all" if os.geteuid() == 0 else ""
    limit = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    if limit.exists() and int(limit.read_text()) <= 1:
        pytest.skip("anybody may use any port here")
    status, _, err = await shell(settings, f"{drop} $BOT demo --no-browser --port 1")
    assert status == 1 and err.endswith("The demo may not use port 1; give another one with --port.\n"), err
    assert "Traceback" not in err


# ------------------------------------------------------------------ new-sprocket


@pytest.mark.parametrize(
    "obstacle", ["a file for a folder", "a folder for a file", "a link that leads nowhere"]
)
def test_a_sprocket_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path, obstacle: str) -> None:
    (tmp_path / "sprockets").mkdir()
    if obstacle == "a file for a folder":
        (tmp_path / "tests").write_text("mine")
    elif obstacle == "a folder for a file":
        (tmp_path / "tests" / "test_hello_sprocket.py").mkdir(parents=True)
    else:
        (tmp_path / "tests").symlink_to(tmp_path / "nowhere" / "deep")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises((CannotWrite, NoSuchName)) as caught:
        write_sprocket("hello", tmp_path)
    assert sorted(tmp_path.rglob("*")) == before
    assert "\n" not in str(caught.value)


async def test_a_folder_that_may_not_be_written_to_is_one_sentence(settings: Settings) -> None:
    # Nobody, not even root, makes files there.
    script = f"cd /proc && PYTHONPATH={ROOT} $BOT new-sprocket hello"
    status, out, err = await shell(settings, script)
    assert (status, out) == (1, "")
    assert (
        err.startswith("schedulezero-bot: The sprocket cannot be written to /proc (") and err.count("\n") == 1
    )


@pytest.mark.parametrize(
    "name", ["a b", "../../x", "/tmp/x", "x.py", "None", "import", "é", "print", "post", "web"]
)
def test_names_that_a_sprocket_cannot_have(name: str, tmp_path: Path) -> None:
    with pytest.raises(NoSuchName):
        write_sprocket(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
