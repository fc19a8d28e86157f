"""What holds data, keys or backups is private from the moment it exists; and how files may be opened."""

from __future__ import annotations

import ast
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.main import main
from bot.config import Settings
from cogs.memory import Memory
from schedulezero.errors import DatabaseUnusable
from schedulezero.handler.journal import Journal, journal_of
from schedulezero.storage import backup, private_files
from schedulezero.wire.keys import load_keys

pytestmark = pytest.mark.sqlite

ROOT = Path(__file__).parent.parent.parent

# Read as: how files are opened, created or copied, and which modules may do so, with the reason. A plain
# open of a database drops SQLite's locks; a plain creation is open to everyone.
CALLS = (
    "open", "fdopen", "read_bytes", "read_text", "write_bytes", "write_text", "touch", "mkdir", "makedirs",
    "copy", "copy2", "copyfile", "copytree", "move", "mkstemp", "mkdtemp", "NamedTemporaryFile",
    "TemporaryDirectory", "FileHandler", "RotatingFileHandler", "fsync", "connect", "chmod", "umask",
    "symlink_to", "hardlink_to", "link", "creat",
)  # fmt: skip
ALLOWED = {
    "schedulezero/storage/private_files.py": {
        "open",
        "fdopen",
        "mkdir",
        "fsync",
        "chmod",
        "link",
    },  # makes files private
    "schedulezero/storage/sealing.py": {"read_text"},  # its key
    "schedulezero/storage/sqlite_file.py": {"connect"},  # SQLite's own way to a database
    "schedulezero/wire/keys.py": {"read_text"},
    "schedulezero/handler/handler.py": {"copy"},  # of a dictionary
    "schedulezero/when/grammar/tables.py": {"read_text"},  # its own languages
    "cogs/sprocket_loading/loader.py": {"read_bytes"},  # the source of sprockets
    "bot/cli/files.py": {"open"},  # a file to import
    "schedulezero/exchange/apscheduler.py": {"connect"},  # in memory
    "bot/cli/output.py": {"open"},  # /dev/null
    "bot/cli/new_sprocket.py": {"mkdir", "write_text", "open"},  # source code, for its author to share
    "cogs/config/config.py": {"read_text", "open"},
    "cogs/discord_library.py": {"read_text", "read_bytes"},  # an installed library's
    "bot/health/doctor_folder.py": {"open"},  # source code of the user's, to look at
    "cogs/hosting.py": {"open"},  # memory and journal, gathered
    "bot/app.py": {"open"},  # memory and journal, gathered
    "bot/first_day/folder.py": {"TemporaryDirectory"},  # private by itself
    "bot/first_day/day.py": {"write_text"},  # a report without secrets, for its reader to share
    "bot/demo/demo.py": {"TemporaryDirectory", "open"},  # private by itself; webbrowser.open
    "bot/demo/front_door.py": {"read_bytes"},  # its own page
    "cogs/language.py": {"open"},  # its own catalogues
    "cogs/sprocket_texts.py": {"open"},  # a sprocket's catalogues, beside its source
    "schedulezero/wire/port_owner.py": {"read_text"},  # what the system tells of a process
    "cogs/file_spool.py": {"open"},  # its own unnamed file again, only for reading
    "sprockets/kit/composing.py": {"open"},  # a kept file, awaited by whoever sends it
}


def _modules() -> Iterator[Path]:
    for package in ("bot", "cogs", "schedulezero", "sprockets"):
        yield from sorted((ROOT / package).rglob("*.py"))


def _calls(file: Path) -> Iterator[tuple[str, int]]:
    """Each call that may open or create a file, with its line."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    # What is awaited is a database or a socket, never a file.
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in awaited:
            continue
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        if name in CALLS and (name != "connect" or called == "sqlite3.connect"):
            yield name, node.lineno


@pytest.mark.long
def test_nothing_opens_or_creates_a_file_but_by_the_ways_that_are_safe() -> None:
    found: list[str] = []
    for file in _modules():
        name = str(file.relative_to(ROOT))
        found += [f"{name}:{line} {call}" for call, line in _calls(file) if call not in ALLOWED.get(name, ())]
    assert not found


def test_the_guard_sees_what_it_guards_against(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(
        "with path.open('rb') as f: f.read(16)\nos.open(path, 0)\npath.read_bytes()\n"
        "shutil.copy(a, b)\nsqlite3.connect(path)\nasync def f():\n    await database.open()\n"
    )
    assert sorted(line for _, line in _calls(file)) == [1, 2, 3, 4, 5]


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """What below a folder others than its user may do something with."""
    modes = {item: stat.S_IMODE(item.lstat().st_mode) for item in folder.rglob("*")}
    return {str(item.relative_to(folder)): oct(mode) for item, mode in modes.items() if mode & 0o077}


async def test_whatever_is_created_is_private_without_any_umask(
    no_umask: None, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "new" / "data"
    path = data / "a.db"
    monkeypatch.setenv("SCHEDULEZERO_DATABASE", str(path))
    monkeypatch.setenv("SCHEDULEZERO_KEYS", str(data / "keys"))
    memory, journal = Memory(str(path)), Journal(journal_of(str(path)))
    await memory.open()
    await journal.open()
    await memory.set_guild_timezone(1, "Europe/Berlin")
    await journal.end("job@1", {"success": True})
    names = {item.name for item in data.iterdir()}
    assert {"a.db", "a.db-wal", "a.db-shm", "a.db.lock"} <= names
    assert open_to_others(tmp_path) == {}
    assert main(["backup"]) == 0
    assert main(["backup", str(data / "elsewhere")]) == 0
    backup.back_up_before_migration(path)
    load_keys(data / "keys").allow(load_keys(data / "other keys").public, "somebody")
    assert open_to_others(tmp_path) == {}
    await memory.close()
    await journal.close()
    assert main(["restore", str(data / "elsewhere")]) == 0
    path.write_bytes(bytes(5000))
    backup.begin_empty(path)
    await memory.open()
    await memory.set_guild_timezone(1, "Europe/Berlin")
    assert open_to_others(tmp_path) == {}
    await memory.close()


async def test_a_folder_that_is_there_keeps_its_mode_and_its_files_are_private(
    no_umask: None, tmp_path: Path
) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(0o755)
    memory = Memory(str(folder / "a.db"))
    await memory.open()
    await memory.close()
    assert open_to_others(tmp_path) == {"shared": "0o755"}
    (folder / "a.db").chmod(0o644)  # as earlier versions left it
    await memory.open()
    await memory.set_guild_timezone(1, "Europe/Berlin")
    assert open_to_others(tmp_path) == {"shared": "0o755"}
    await memory.close()


def test_a_file_is_private_when_it_is_created_and_not_afterwards(
    no_umask: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is changed after its creation: the modes asked for then are what this looks at."""
    asked: list[int] = []
    really = os.open

    def noting(file: str, flags: int, mode: int = 0o777, **more: int) -> int:
        if flags & os.O_CREAT:
            asked.append(mode)
        return really(file, flags, mode, **more)

    monkeypatch.setattr(os, "open", noting)
    private_files.create_empty(tmp_path / "a")
    private_files.write_new(tmp_path / "b", "text")
    private_files.append(tmp_path / "c", "text")
    load_keys(tmp_path / "keys")
    assert set(asked) == {0o600} and len(asked) == 5


@pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")
async def test_a_lock_that_is_open_to_others_lends_nothing_its_mode(no_umask: None, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(0o700)
    (folder / "a.db.lock").touch(0o644)
    memory = Memory(str(folder / "a.db"))
    await memory.open()
    await memory.set_guild_timezone(1, "Europe/Berlin")
    assert open_to_others(tmp_path) == {}
    await memory.close()


@pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")
@pytest.mark.parametrize("ending", [".lock", "-wal", "-shm", "-journal"])
async def test_a_link_beside_the_database_is_refused_and_not_followed(tmp_path: Path, ending: str) -> None:
    folder, victim = tmp_path / "data", tmp_path / "victim"
    folder.mkdir()
    victim.write_text("somebody's")
    victim.chmod(0o644)
    (folder / f"a.db{ending}").symlink_to(victim)
    with pytest.raises(DatabaseUnusable, match=rf"a\.db{ending} cannot be used: it is a symbolic link"):
        await Memory(str(folder / "a.db")).open()
    assert victim.read_text() == "somebody's" and stat.S_IMODE(victim.stat().st_mode) == 0o644


@pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")
@pytest.mark.parametrize("ending", [".lock", "-wal", "-shm"])
async def test_a_fifo_beside_the_database_is_refused_in_words(tmp_path: Path, ending: str) -> None:
    os.mkfifo(tmp_path / f"a.db{ending}")
    with pytest.raises(DatabaseUnusable, match="it is not a regular file"):
        await Memory(str(tmp_path / "a.db")).open()


@pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")
async def test_a_database_that_its_owner_linked_works_and_becomes_private(tmp_path: Path) -> None:
    real = tmp_path / "disk" / "a.db"
    memory = Memory(str(real))
    await memory.open()
    await memory.set_guild_timezone(1, "Europe/Berlin")
    await memory.close()
    real.chmod(0o644)
    (tmp_path / "link.db").symlink_to(real)
    memory = Memory(str(tmp_path / "link.db"))
    await memory.open()
    assert await memory.timezone(1, 1) == "Europe/Berlin"
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    await memory.close()


@pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")
async def test_folders_that_others_may_write_to_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o777)
    load_keys(folder)
    (folder / "own.secret").chmod(0o644)
    load_keys(folder)
    assert stat.S_IMODE((folder / "own.secret").stat().st_mode) == 0o600
    memory = Memory(str(folder / "a.db"))
    await memory.open()
    await memory.close()
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert any("replace the keys" in text for text in warned)
    assert any("replace the database" in text for text in warned)
