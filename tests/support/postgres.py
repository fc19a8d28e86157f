"""A PostgreSQL of our own, for tests and benchmarks: started in a temporary folder, gone afterwards.

It runs Debian's programs, as another user where we are root, because PostgreSQL refuses to be root.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schedulezero.storage.postgres import connect
from schedulezero.wire.addresses import free_ports

READY_SECONDS = 60.0


def programs() -> Path | None:
    """The folder of PostgreSQL's server programs, None where it is not installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    return Path(found).parent if found else None


class Postgres:
    """A PostgreSQL server.

    Parameters:
        folder: where its files are; it must be readable for the user that it runs as.
        durable: whether commits wait for the disk, as they do in earnest.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        found = programs()
        assert found is not None, "PostgreSQL is not installed"
        self._programs = found
        self._folder = folder
        self._durable = durable
        (self.port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0

    def create(self) -> None:
        """Makes its files; then it can be started."""
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "data")

    def start(self) -> None:
        """Starts it and waits until it takes connections."""
        options: dict[str, Any] = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._folder,
            "max_connections": 300,
        }
        if not self._durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        arguments = [f"-c{name}={value}" for name, value in options.items()]
        log = (self._folder / "postgres.log").open("ab")
        self._process = subprocess.Popen(
            self._command("postgres", "-D", str(self._folder / "data"), *arguments), stdout=log, stderr=log
        )
        log.close()
        give_up = time.monotonic() + READY_SECONDS
        while self._run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), check=False) != 0:
            assert self._process.poll() is None and time.monotonic() < give_up, self.log()
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stops it: SIGINT ends connections and shuts down, SIGQUIT is a crash."""
        if self._process is not None:
            # To PostgreSQL itself, which setpriv has become.
            self._process.send_signal(number)
            self._process.wait(READY_SECONDS)
            self._process = None

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def standby(self, folder: Path, through: int | None = None) -> Postgres:
        """Make a standby of it that streams from it; it runs, and the caller stops it.

        Parameters:
            folder: where its files are.
            through: the port by which it reaches the primary, if not the primary's own.
        """
        standby = Postgres(folder, durable=self._durable)
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
        source = f"--dbname=postgresql://postgres@127.0.0.1:{self.port}/postgres?application_name=standby"
        standby._run("pg_basebackup", source, "--pgdata=data", "--write-recovery-conf", "--checkpoint=fast",
                     "--no-sync", "--wal-method=stream")  # fmt: skip
        if through is not None:
            settings = folder / "data" / "postgresql.auto.conf"
            settings.write_text(settings.read_text().replace(f"port={self.port}", f"port={through}"))
        standby.start()
        return standby

    def wait_for_standby(self) -> None:
        """Have commits wait for a standby from now on."""
        self.execute("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        self.execute("postgres", "SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Make a standby the primary."""
        self.execute("postgres", "SELECT pg_promote()")

    def url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def new_database(self) -> str:
        """Makes an empty database and returns its URL; also from a running event loop's thread."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.execute("postgres", f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        self.execute("postgres", f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def drop_connections(self, url: str) -> None:
        """Ends every connection to a database from the server's side."""
        self.execute(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{url.rpartition('/')[2]}' AND pid <> pg_backend_pid()",
        )

    def execute(self, database: str, statement: str) -> None:
        self._run("psql", "--no-psqlrc", "-q", "-c", statement, self.url(database))

    def log(self) -> str:
        return (self._folder / "postgres.log").read_text(errors="replace")[-4000:]

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        done = subprocess.run(
            self._command(program, *arguments), cwd=self._folder, capture_output=True, check=False
        )
        assert not check or done.returncode == 0, done.stderr.decode(errors="replace")
        return done.returncode

    def _command(self, program: str, *arguments: str) -> list[str]:
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        return [*(as_postgres if os.getuid() == 0 else []), str(self._programs / program), *arguments]


@contextlib.contextmanager
def a_postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """A running PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="schedulezero-postgres-", ignore_cleanup_errors=True) as folder:
        postgres = Postgres(Path(folder), durable=durable)
        postgres.create()
        postgres.start()
        try:
            yield postgres
        finally:
            postgres.stop()


async def rows(url: str, query: str, *arguments: Any) -> list[Any]:
    """What a query finds, asked beside everybody else."""
    connection = await connect(url)
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await asyncio.shield(connection.close())
