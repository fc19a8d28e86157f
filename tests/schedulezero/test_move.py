"""Moving between SQLite and PostgreSQL: all of it, once, however often it stops; and what is refused."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cli import move_database as move_module
from bot.cli.main import main
from bot.cli.move_database import CannotMove, move
from cogs.file_spool import CHUNK
from cogs.memory import Memory
from schedulezero import instants
from schedulezero.errors import DatabaseUnusable
from schedulezero.handler.journal import Journal, journal_of
from schedulezero.handler.journal import metadata as journal_metadata
from schedulezero.model import Job, Run, RunState, Trigger
from schedulezero.server.records.queries import JobFilter, RunFilter
from schedulezero.server.records.tables import metadata
from schedulezero.server.service import ServerConfig
from schedulezero.server.store.jobs import Store
from schedulezero.server.store.runs import RunStore
from schedulezero.server.thread import ServerThread
from schedulezero.storage.database import database_of
from schedulezero.wire.addresses import free_ports
from tests.conftest import execute, until
from tests.support.nodes import node_config
from tests.support.peers import RawHandler
from tests.support.postgres import rows
from tests.support.runs import client_of

pytestmark = [pytest.mark.postgresql, pytest.mark.long]


def ignore(table: str, done: int, count: int) -> None:
    return


async def filled(path: Path, jobs: int = 30, runs: int = 60) -> str:
    """A SQLite database with jobs, runs in every state, settings and a journal."""
    database = database_of(str(path), metadata)
    await database.open()
    store, made_runs = Store(database), RunStore(database)
    now = instants.now()
    for number in range(jobs):
        await store.add_job(a_job(number))
    await made_runs.add_runs([a_run(number) for number in range(runs)])
    made = (await made_runs.runs(RunFilter(), before_sequence=None, limit=runs))[0]
    await made_runs.write_outcomes(
        [replace(run, state=RunState.SUCCEEDED, finished_at=now, result={"message_id": str(run.sequence)})
         for run in made[5:]]
    )  # fmt: skip
    await database.close()
    memory = Memory(str(path))
    await memory.open()
    await memory.set_guild_timezone(7, "Europe/Berlin")
    await memory.keep("greeting", "first", {"text": "zero \0 byte"})
    await memory.close()
    journal = Journal(journal_of(str(path)))
    await journal.open()
    await journal.begin("run-1", 1)
    await journal.end("run-1", {"success": True})
    await journal.close()
    return str(path)


def a_job(number: int) -> Job:
    now = instants.now()
    return Job(
        id=f"job-{number}", handler_id="raw", method="send", guild_id="7",
        params={"text": f"Grüße {number} 🚀"}, trigger=Trigger("interval", {"hours": 1}),
        name=f"Job {number}", anchor_at=now, created_at=now, updated_at=now,
        next_run_at=now + timedelta(hours=1),
    )  # fmt: skip


def a_run(number: int) -> Run:
    at = instants.now() - timedelta(minutes=number)
    return Run(
        job_id=f"job-{number}", handler_id="raw", method="send", params={"number": number}, scheduled_at=at,
        claimed_at=instants.now(), grace=timedelta(hours=10), state=RunState.QUEUED,
    )  # fmt: skip


async def test_everything_goes_over_and_the_server_goes_on_there(tmp_path: Path, postgres_url: str) -> None:
    source = await filled(tmp_path / "old.db")
    moved = await move(source, postgres_url, ignore)
    assert (moved["jobs"].count, moved["runs"].count, moved["posts"].count) == (30, 60, 55)
    assert (moved["bot_settings"].count, moved["journal_runs"].count) == (1, 1)

    config: ServerConfig = node_config(postgres_url)
    server = ServerThread(config)
    await server.start()
    handler = RawHandler(free_ports(1)[0], config.server_address)
    try:
        async with client_of(config) as api:
            await asyncio.to_thread(handler.start, "send", concurrency=5)
            page = (await api.get("/api/jobs", params={"guild_id": "7", "limit": 100})).json()["jobs"]
            assert {job["name"] for job in page} == {f"Job {number}" for number in range(30)}

            async def all_done() -> bool:
                found = (await api.get("/api/executions/stats")).json()["by_status"]
                return found["succeeded"] == 60

            await until(all_done)  # those that waited in SQLite were queued here
            run = await api.post("/api/jobs/job-1/run")
            assert run.status_code == 202  # its number follows the highest that came over
    finally:
        handler.stop()
        await server.stop()
    memory = Memory(postgres_url)
    await memory.open()
    assert await memory.timezone(1, 7) == "Europe/Berlin"
    await memory.close()


async def test_everything_comes_back_and_the_server_goes_on_there(tmp_path: Path, postgres_url: str) -> None:
    source, back = await filled(tmp_path / "old.db"), str(tmp_path / "new" / "back.db")
    there = await move(source, postgres_url, ignore)
    server = ServerThread(node_config(postgres_url))
    await server.start()
    with pytest.raises(CannotMove, match="A job server runs on"):
        await move(postgres_url, back, ignore)
    await server.stop()  # it has claimed the runs that wait, and gives them back
    assert await move(postgres_url, back, ignore) == there
    assert await move(postgres_url, back, ignore) == there, "what is complete is only verified"

    config = node_config(back)
    server = ServerThread(config)
    await server.start()
    handler = RawHandler(free_ports(1)[0], config.server_address)
    try:
        async with client_of(config) as api:
            await asyncio.to_thread(handler.start, "send", concurrency=5)

            async def all_done() -> bool:
                found = (await api.get("/api/executions/stats")).json()["by_status"]
                return found["succeeded"] == 60

            await until(all_done)
            assert (await api.post("/api/jobs/job-1/run")).status_code == 202
    finally:
        handler.stop()
        await server.stop()
    memory = Memory(back)
    await memory.open()
    assert await memory.timezone(1, 7) == "Europe/Berlin"
    assert await memory.kept("greeting", "first") == {"text": "zero \0 byte"}
    await memory.close()
    journal = Journal(journal_of(back))
    await journal.open()
    assert (await journal.begin("run-1", 1)).result == {"success": True}
    await journal.close()


async def test_zero_bytes_are_told_and_left_out_on_request(tmp_path: Path, postgres_url: str) -> None:
    source = await filled(tmp_path / "old.db", jobs=4, runs=8)
    await execute(source, "UPDATE jobs SET name = 'a' || char(0) || 'b' WHERE id = 'job-3'")
    await execute(source, "UPDATE runs SET note = char(0) WHERE job_id = 'job-2'")
    with pytest.raises(CannotMove, match="--clean-nul") as told:
        await move(source, postgres_url, ignore)
    assert "jobs.name of job job-3, runs.note of job job-2." in str(told.value)
    assert await rows(postgres_url, "SELECT FROM pg_tables WHERE schemaname = 'public'") == []
    await move(source, postgres_url, ignore, clean_nul=True)
    found = await rows(postgres_url, "SELECT id, name FROM jobs ORDER BY id")
    assert [tuple(row) for row in found] == [*((f"job-{n}", f"Job {n}") for n in range(3)), ("job-3", "ab")]


async def test_what_is_not_json_is_told_and_replaced_on_request(tmp_path: Path, postgres_url: str) -> None:
    source = await filled(tmp_path / "old.db", jobs=5, runs=8)
    for job_id, params in (
        ("job-1", '{"text": "half \\ud83d"}'),
        ("job-2", '{"number": NaN, "text": "a \\u0000 b"}'),
        ("job-3", '{"number": 1e999}'),
        ("job-4", '{"text": "whole \\ud83d\\ude80, NaN and 1e99", "number": 1e30}'),
    ):
        await execute(source, f"UPDATE jobs SET params = '{params}' WHERE id = '{job_id}'")
    with pytest.raises(CannotMove, match="--clean-json") as told:
        await move(source, postgres_url, ignore, clean_nul=True)
    places = ", ".join(f"jobs.params of job job-{number}" for number in (1, 2, 3))
    assert f": {places}. Nothing was moved." in str(told.value)
    assert await rows(postgres_url, "SELECT FROM pg_tables WHERE schemaname = 'public'") == []
    await move(source, postgres_url, ignore, clean_json=True)
    target = database_of(postgres_url, metadata)
    await target.open()
    found = {job.id: dict(job.params) for job in (await Store(target).jobs(JobFilter(), limit=9))[0]}
    await target.close()
    assert found["job-1"] == {"text": "half \ufffd"}
    assert found["job-2"]["number"] is found["job-3"]["number"] is None
    assert found["job-4"] == {"text": "whole 🚀, NaN and 1e99", "number": 1e30}


async def test_a_target_that_is_served_or_anothers_is_left_alone(tmp_path: Path, postgres_url: str) -> None:
    source = await filled(tmp_path / "old.db", jobs=2, runs=2)
    await rows(postgres_url, "CREATE TABLE jobs (id integer, secret text)")
    await rows(postgres_url, "INSERT INTO jobs VALUES (1, 'kept')")
    with pytest.raises(CannotMove, match="has a table jobs that is another program's") as told:
        await move(source, postgres_url, ignore)
    assert "kept" not in str(told.value)
    tables = await rows(postgres_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert [row[0] for row in tables] == ["jobs"]
    assert [tuple(row) for row in await rows(postgres_url, "SELECT * FROM jobs")] == [(1, "kept")]
    await rows(postgres_url, "DROP TABLE jobs")
    server = ServerThread(node_config(postgres_url))
    await server.start()
    try:
        with pytest.raises(CannotMove, match="A job server runs on"):
            await move(source, postgres_url, ignore)
    finally:
        await server.stop()
    assert (await rows(postgres_url, "SELECT count(*) FROM jobs"))[0][0] == 0
    await move(source, postgres_url, ignore)


class Interrupted(Exception):
    """As when somebody presses Ctrl-C."""


async def test_a_move_goes_on_where_it_was_interrupted(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(move_module, "BATCH", 7)
    source = await filled(tmp_path / "old.db")
    seen: list[tuple[str, int]] = []

    def interrupt(table: str, done: int, count: int) -> None:
        if table == "runs" and done > 20:
            raise Interrupted

    def note(table: str, done: int, count: int) -> None:
        seen.append((table, done))

    with pytest.raises(Interrupted):
        await move(source, postgres_url, interrupt)
    with pytest.raises(DatabaseUnusable, match=r"A move into .* isn't complete"):
        await ServerThread(node_config(postgres_url)).start()
    moved = await move(source, postgres_url, note)
    assert (moved["jobs"].count, moved["runs"].count) == (30, 60)
    assert not [item for item in seen if item[0] == "jobs"], "what was complete was copied again"
    assert next(item for item in seen if item[0] == "runs")[1] > 21
    assert await move(source, postgres_url, note) == moved
    assert (await rows(postgres_url, "SELECT count(*) FROM runs"))[0][0] == 60


async def test_kept_files_go_over_a_few_parts_at_a_time(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, content = str(tmp_path / "old.db"), os.urandom(20 * CHUNK + 1)

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    memory = Memory(source)
    await memory.open()
    facts = await memory.files.keep("7", "42", "poster.png", chunks())
    await memory.close()
    for path, owned in ((source, metadata), (journal_of(source), journal_metadata)):
        database = database_of(path, owned)
        await database.open()
        await database.close()
    seen: list[tuple[str, int]] = []

    def interrupt(table: str, done: int, count: int) -> None:
        if table == "bot_file_chunks":
            raise Interrupted

    with pytest.raises(Interrupted):
        await move(source, postgres_url, interrupt)
    moved = await move(source, postgres_url, lambda table, done, count: seen.append((table, done)))
    assert (moved["bot_files"].count, moved["bot_file_chunks"].count) == (1, 21)
    assert [done for table, done in seen if table == "bot_file_chunks"] == [21]  # after the first sixteen
    memory = Memory(postgres_url, folder=tmp_path)
    await memory.open()
    assert await memory.files.known(facts.digest, "7") == facts
    with await memory.files.open(facts.digest, "7") as file:
        assert file.read() == content
    await memory.close()
    await execute(postgres_url, "UPDATE bot_file_chunks SET data = 'x' WHERE number = 3")
    with pytest.raises(CannotMove, match="rows that differ"):
        await move(source, postgres_url, ignore)


async def test_a_source_that_was_used_between_two_tries_is_copied_anew(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(move_module, "BATCH", 7)
    source = await filled(tmp_path / "old.db")

    def interrupt(table: str, done: int, count: int) -> None:
        if table == "jobs" and done > 20:
            raise Interrupted

    with pytest.raises(Interrupted):
        await move(source, postgres_url, interrupt)
    await execute(source, "UPDATE jobs SET name = 'changed' WHERE id = 'job-0'")
    await move(source, postgres_url, ignore)
    found = await rows(postgres_url, "SELECT name FROM jobs WHERE id = 'job-0'")
    assert found[0][0] == "changed"


async def test_a_target_that_was_used_is_left_alone(tmp_path: Path, postgres_url: str) -> None:
    source = await filled(tmp_path / "old.db", jobs=2, runs=8)
    target = database_of(postgres_url, metadata)
    await target.open()
    await Store(target).add_job(replace(a_job(99), name="mine"))
    await target.close()
    with pytest.raises(CannotMove, match="did not come from a move"):
        await move(source, postgres_url, ignore)
    server = ServerThread(node_config(postgres_url))
    await server.start()  # nothing says that it is half of a move
    await server.stop()
    found = await rows(postgres_url, "SELECT id FROM jobs")
    assert [row[0] for row in found] == ["job-99"]


async def test_what_differs_afterwards_is_told(tmp_path: Path, postgres_url: str) -> None:
    source = await filled(tmp_path / "old.db", jobs=2, runs=8)
    await move(source, postgres_url, ignore)
    await execute(postgres_url, "UPDATE runs SET attempts = 9 WHERE sequence = 1")
    with pytest.raises(CannotMove, match="rows that differ"):
        await move(source, postgres_url, ignore)


def test_the_command_says_what_it_cannot_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments, setting, status, said in (
        (["--to", "other.db"], "old.db", 2, "postgresql://user:password@host/name"),
        (["--to", "postgresql://me@127.0.0.1:1/x"], "old.db", 1, "There is no database"),
        (["--to", "postgresql://me@127.0.0.1:1/x"], "postgresql://a/b", 2, "nothing to move"),
    ):
        monkeypatch.setenv("SCHEDULEZERO_DATABASE", setting)
        assert main(["move", *arguments]) == status
        assert said in capsys.readouterr().err


def test_the_command_goes_back_to_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_url: str
) -> None:
    monkeypatch.setenv("SCHEDULEZERO_DATABASE", postgres_url)
    file = tmp_path / "data" / "back.db"
    assert main(["move", "--to", str(file)]) == 0
    assert "jobs                    0 rows" in capsys.readouterr().out
    assert file.exists() and Path(journal_of(str(file))).exists()
    assert not list(tmp_path.glob("**/*.before-*"))
    monkeypatch.setenv("SCHEDULEZERO_DATABASE", str(file))
    assert main(["move", "--to", "other.db"]) == 2


async def test_jobs_are_found_again_by_filters(tmp_path: Path, postgres_url: str) -> None:
    await move(await filled(tmp_path / "old.db"), postgres_url, ignore)
    target = database_of(postgres_url, metadata)
    await target.open()
    try:
        found, _ = await Store(target).jobs(JobFilter(guild_id="7", text="grüße 17"), limit=5)
        assert [job.id for job in found] == ["job-17"]
    finally:
        await target.close()
