"""Who may use a SQLite file: one server, one bot or its clusters, and commands beside them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from schedulezero.errors import DatabaseInUse, DatabaseUnusable
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.storage import sqlite_lock
from schedulezero.storage.sqlite_lock import Claim, replace, run_bot, serve, use

pytestmark = pytest.mark.sqlite

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.db"
    file.touch()
    return file


@contextmanager
def another_process(path: Path, claim: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds a claim, such as ``serve(path)``, until it is killed."""
    code = (
        "import sys; from pathlib import Path; from schedulezero.storage.sqlite_lock import *\n"
        f"path = Path(sys.argv[1]); held = {claim}; print('held', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


# Read as: what one process holds, what another one asks for, and whether it gets it.
CLAIMS = (
    ("serve(path)", serve, False),
    ("serve(path)", run_bot, True),
    ("serve(path)", use, True),
    ("serve(path)", replace, False),
    ("run_bot(path)", serve, True),
    ("run_bot(path)", run_bot, False),
    ("run_bot(path)", lambda path: run_bot(path, 1), False),
    ("run_bot(path)", replace, False),
    ("run_bot(path, 1)", lambda path: run_bot(path, 1), False),
    ("run_bot(path, 1)", lambda path: run_bot(path, 2), True),
    ("run_bot(path, 1)", run_bot, False),
    ("run_bot(path, 10_000)", replace, False),
    ("use(path)", serve, True),
    ("use(path)", use, True),
    ("use(path)", replace, False),
    ("replace(path)", use, False),
    ("replace(path)", serve, False),
    ("replace(path)", replace, False),
)


@pytest.mark.parametrize(
    ("held", "asked", "granted"), CLAIMS, ids=[f"{n}-{c[0]}" for n, c in enumerate(CLAIMS)]
)
def test_who_may_use_a_file_that_another_process_uses(path: Path, held: str, asked, granted: bool) -> None:  # type: ignore[no-untyped-def]
    with another_process(path, held) as process:
        if granted:
            asked(path).release()
        else:
            with pytest.raises(DatabaseInUse) as caught:
                asked(path)
            if not held.startswith(("use", "replace")):
                assert f"process {process.pid}" in caught.value.message
        process.send_signal(signal.SIGKILL)
        process.wait()
        asked(path).release()


@pytest.mark.long
def test_a_process_holds_a_file_until_its_last_part_lets_go(path: Path) -> None:
    parts: list[Claim] = [serve(path), run_bot(path), use(path), use(path)]
    for asked in (serve, run_bot, replace):
        with pytest.raises(DatabaseInUse, match=f"process {os.getpid()}"):
            asked(path)
    for part in parts[:-1]:
        part.release()
        part.release()
        with pytest.raises(DatabaseInUse):
            replace(path)
    parts[-1].release()
    alone = replace(path)
    inner = use(path)  # whoever replaces a file may open it
    alone.release()
    inner.release()
    assert not sqlite_lock._files


@pytest.mark.long
def test_a_part_that_lets_go_does_not_open_the_file_to_others(path: Path) -> None:
    server, reader = serve(path), use(path)
    reader.release()
    code = (
        "import sys; from pathlib import Path; from schedulezero.storage.sqlite_lock import *\n"
        "from schedulezero.errors import DatabaseInUse\n"
        "for claim in serve, replace:\n"
        "    try: claim(Path(sys.argv[1]))\n"
        "    except DatabaseInUse as error: print(error)\n"
        "    else: sys.exit('granted')"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0 and ended.stdout.count(f"process {os.getpid()}") == 2, ended
    server.release()


@pytest.mark.long
def test_each_path_to_a_file_leads_to_one_lock(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = path.parent
    (folder / "link.db").symlink_to(path)
    (folder / "below").mkdir()
    (folder / "linked").symlink_to(folder, target_is_directory=True)
    monkeypatch.chdir(folder / "below")
    ways = (Path("../a.db"), folder / "link.db", folder / "linked" / "a.db", folder / "below" / ".." / "a.db")
    with another_process(path, "serve(path)") as process:
        for way in ways:
            with pytest.raises(DatabaseInUse, match=f"process {process.pid}"):
                serve(way)


def test_a_file_with_hard_links_is_refused_by_each_of_its_names(path: Path) -> None:
    running = serve(path)
    other = path.with_name("b.db")
    other.hardlink_to(path)
    for name in (path, other):
        with pytest.raises(DatabaseUnusable, match="hard links"):
            use(name)
    other.unlink()
    running.release()
    serve(path).release()


async def test_a_second_server_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    from schedulezero.wire.addresses import free_ports

    def config() -> ServerConfig:
        rest, registration = free_ports(2)
        return ServerConfig(
            f"http://127.0.0.1:{rest}", f"tcp://127.0.0.1:{registration}", str(tmp_path / "a.db")
        )

    first, second = ServerThread(config()), ServerThread(config())
    await first.start()
    try:
        with pytest.raises(DatabaseInUse, match=f"process {os.getpid()}.*Stop it first"):
            await second.start()
    finally:
        await first.stop()
    third = ServerThread(config())
    await third.start()
    await third.stop()
