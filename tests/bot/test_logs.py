"""Log lines: one line each, no secrets."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.logs import JsonFormatter, LineFormatter, RunFilter, hide, redact

TOKEN = "MTA5NTk5NTk5NTk5NTk5NTk5NQ.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789AB"


def line(message: str, *arguments: object, error: Exception | None = None) -> str:
    record = logging.LogRecord("bot", logging.INFO, "x", 1, message, arguments, None)
    if error is not None:
        record.exc_info = (type(error), error, None)
    return LineFormatter("%(levelname)s %(message)s").format(record)


@pytest.mark.parametrize(
    "evil", ["a\nINFO forged", "a\r\nINFO forged", "a\x1b[2Jb", "a\u2028INFO forged", "a\x85b"]
)
def test_nobody_writes_a_line_of_their_own(evil: str) -> None:
    assert len(line("job %s failed", evil).splitlines()) == 1
    assert "\x1b" not in line("%s", evil)
    traced = line("failed", error=ValueError(evil)).splitlines()
    assert all(part.startswith("    | ") for part in traced[1:])


def test_secrets_are_hidden_wherever_they_come_from() -> None:
    hide("my own secret")
    for text in (TOKEN, "sz_0123abcd_" + "x" * 43, "Bearer abc.def", "my own secret"):
        secret = text.removeprefix("Bearer ")
        assert secret not in line("sending %s", text)
        assert secret not in line("failed", error=RuntimeError(text))
        assert secret not in redact(f"the header was {text}, said somebody")
    shown = redact("no connection to postgresql://me:pass%2Fword@db.internal:5432/name")
    assert shown == "no connection to postgresql://[hidden]@db.internal:5432/name"
    assert redact("calling https://t0ken@hooks.example/x") == "calling https://[hidden]@hooks.example/x"
    for text in ("https://example.org/@me", "https://example.org?mail=a@b", "https://example.org is me@home"):
        assert redact(text) == text
    assert redact("a job named sz_ok ran at 10.30.15") == "a job named sz_ok ran at 10.30.15"


@pytest.mark.parametrize(
    "part",
    ["postgres:", "postgresql+a:", "postgres:@", "postgres://user:p", "postgres://user:p@", "postgres+",
     "://", "://a:", "Bearer ", "Authorization: ", "?password=", "x", "x.", "-", "sz_0", "@", "\n", " "],
)  # fmt: skip
@pytest.mark.parametrize("begin", ["", "postgres:", "://a:", "x" * 25 + "."])
def test_a_hostile_line_takes_no_time(begin: str, part: str) -> None:
    before = time.process_time()
    redact(begin + part * (100_000 // len(part)))
    assert time.process_time() - before < 1


_LAST_LINES = """
import asyncio, gc, logging, os, sys, warnings
from bot.logs import as_json, set_up
set_up(verbose=False)
as_json()
async def lost():
    raise ValueError("nobody asks")
async def main():
    task = asyncio.create_task(lost())
    await asyncio.sleep(0)
    del task
    gc.collect()
asyncio.run(main())
warnings.warn("old\\u2028way")
logging.getLogger("theirs").error("%d of them", "many")
class Broken:
    def __del__(self):
        raise OSError("in a destructor")
Broken()
raise RuntimeError("the end")
"""


@pytest.mark.long
def test_each_line_is_json_to_the_last() -> None:
    ended = subprocess.run([sys.executable, "-c", _LAST_LINES], capture_output=True, text=True)
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert ended.returncode == 1 and not ended.stdout
    said = [line["message"] for line in lines]
    assert [line["level"] for line in lines] == ["error", "warning", "error", "error", "critical"], said
    assert "Task exception was never retrieved" in said[0] and "nobody asks" in lines[0]["exception"]
    assert "old\u2028way" in said[1] and "could not be written" in said[2]
    assert "the end" in lines[4]["exception"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("rn",), "did you mean 'run'?"),
        (("server", "--config", "FILE"), "did you mean `handler_port`?"),
    ],
)
def test_what_is_wrong_with_the_command_line_is_json_too(
    arguments: tuple[str, ...], text: str, tmp_path: Path
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("log_format: json\nhandler_prot: 5000\n")
    words = [str(file) if word == "FILE" else word for word in arguments]
    extra = {} if "--config" in arguments else {"SCHEDULEZERO_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "bot", *words]
    ended = subprocess.run(command, env={**os.environ, **extra}, capture_output=True, text=True)
    (line,) = ended.stderr.splitlines()
    assert text in json.loads(line)["message"]


@pytest.mark.long
def test_an_old_import_of_a_sprocket_is_told_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text("from sprockets.discord_side import post\n")
    script = "from bot.logs import set_up; set_up(verbose=False); import theirs"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    ended = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert (
        "theirs.py:1: DeprecationWarning: sprockets.discord_side has moved to sprockets.kit" in ended.stderr
    )


def test_a_line_names_its_run_once() -> None:
    record = logging.LogRecord("test", logging.INFO, "", 0, "run %s failed", ("a-1",), None)
    record.run_id = "a-1"
    RunFilter().filter(record)
    assert LineFormatter("%(message)s").format(record) == "run a-1 failed"
    assert json.loads(JsonFormatter().format(record))["run_id"] == "a-1"
    record.msg, record.args = "posted", ()
    assert LineFormatter("%(message)s").format(record) == "posted (run a-1)"
