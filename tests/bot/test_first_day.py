"""The first day against the stand-in, from its question to its report, and that nothing is left."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from bot.cli.exit_status import USAGE, Unusable
from bot.config import Settings
from bot.first_day.assumption import Assumption, assumes
from bot.first_day.day import first_day
from bot.first_day.findings import Differs
from bot.first_day.folder import database_in, remove_leftovers
from bot.first_day.place import MARK
from bot.first_day.preparing import HANDFUL
from bot.first_day.report import without_secrets
from bot.first_day.subjects.gateway import STARTS
from bot.first_day.table import ASSUMPTIONS
from bot.first_day.terminal import Terminal, is_yes
from bot.first_day.visit import Visit
from cogs.hosting import claim_file
from schedulezero.storage import sqlite_lock
from schedulezero.storage.database import sqlite_path
from tests.support.first_day import Told, pointed_at, wishes
from tests.support.first_day_rules import Asked, Breach, FirstDayDiscord

ROOT = Path(__file__).parent.parent.parent
pytestmark = [pytest.mark.discord_violations, pytest.mark.timeout(120)]
BY_CODE = {item.code: item for item in ASSUMPTIONS}
MAKES_THINGS = tuple(
    BY_CODE[code]
    for code in (
        STARTS.code,
        "commands.guild_command",
        "threads.forum_tag",
        "events.made",
        "gateway.own_member",
        "direct.post",
        "webhooks.ours",
    )
)
"""Assumptions that create a thing of every kind."""


@pytest_asyncio.fixture
async def there() -> AsyncIterator[FirstDayDiscord]:
    async with FirstDayDiscord() as there:
        with pointed_at(there.address):
            yield there


class Day:
    """A first day's settings and wishes, and its report."""

    def __init__(self, there: FirstDayDiscord, settings: Settings, folder: Path) -> None:
        self.there = there
        self.settings = settings.model_copy(update={"private_calls": True})
        self.wishes = wishes(there, folder)
        self.stop = asyncio.Event()

    async def run(
        self, assumptions: tuple[Assumption, ...] = MAKES_THINGS, person: Told | None = None
    ) -> int:
        return await first_day(
            self.settings,
            "simulated",
            self.wishes,
            person or Told(),
            self.stop,
            assumptions=assumptions,
            patience=5,
        )

    @property
    def report(self) -> str:
        return self.wishes.file.read_text()

    def left(self) -> list[str]:
        """Return what bears the mark on the stand-in."""
        backend = self.there.backend
        guild = backend.get_guild(self.there.guild.id)
        named = [
            *backend.channels.values(), *guild.roles.values(), *guild.scheduled_events.values(),
        ]  # fmt: skip
        found = [str(item.name) for item in named if str(item.name).startswith(MARK)]
        found += [item["name"] for item in backend.commands.get(guild.id, {}).values()]
        direct = backend.get_dm_channel(self.there.creator.id)
        return found + [m.content for m in backend.messages.get(direct.id, {}).values() if MARK in m.content]


@pytest.fixture
def day(there: FirstDayDiscord, settings: Settings, tmp_path: Path) -> Day:
    return Day(there, settings, tmp_path)


@pytest.mark.long
async def test_all_is_as_assumed(day: Day) -> None:
    status = await day.run(ASSUMPTIONS)
    assert status == 0, day.report
    assert "0 differs" in day.report and "Nothing is left." in day.report
    assert len(day.there.identified) == 1
    assert day.left() == []
    skipped = [line for line in day.report.splitlines() if "skipped by the person" in line]
    assert skipped and all("`people." in line for line in skipped)


async def test_the_report_says_what_differs_and_nobody_s_secrets(day: Day) -> None:
    person, guild = day.there.creator.id, day.there.guild.id
    refusal = {"message": f"Nope, <@{person}> of {guild} in Moonbase", "code": 4242}
    day.there.breach = Breach(r"POST /channels/\d+/messages", lambda *_: (403, refusal), instead=True)
    chosen = ("messages.own_text", "webhooks.found_by_token", "selects.default", "job.send_dm")
    status = await day.run(tuple(BY_CODE[code] for code in chosen))
    assert status == 1 and "3 differs" in day.report and "4242" in day.report
    for secret in (str(person), str(guild), "Moonbase", "simulated"):
        assert secret not in day.report
    for webhook in day.there.backend.webhooks.values():
        assert webhook.token not in day.report
    assert day.left() == []


def test_texts_are_shown_without_secrets() -> None:
    token = "MTAx" + "x" * 20 + ".Gabcde." + "y" * 38
    hook = "https://discord.com/api/webhooks/123456789012345678/" + "ab-C_" * 14
    text = f"{token} {hook} 123456789012345678 by ada\nand Adam"
    shown = without_secrets(text, ("ada", "a"))
    assert shown == "[hidden] https://discord.com/api/webhooks/[hidden] [id] by [name] and Adam"


# ------------------------------------------------------------------ cleaning up


async def test_nothing_is_left_after_a_check_that_breaks(day: Day) -> None:
    @assumes("test.breaks", "It holds", "tests", "/intro")
    async def breaks(visit: Visit) -> str:
        raise ZeroDivisionError("in a check")

    @assumes("test.differs", "It holds", "tests", "/intro")
    async def differs(visit: Visit) -> str:
        raise Differs("it does not")

    assert await day.run((*MAKES_THINGS[:2], breaks, differs, *MAKES_THINGS[2:])) == 1
    assert "ZeroDivisionError" in day.report and "it does not" in day.report
    assert "2 differs" in day.report and "`webhooks.ours`" in day.report.split("## Not tried")[0]
    assert day.left() == []


async def test_nothing_is_left_after_a_signal(day: Day) -> None:
    seen: list[str] = []

    def stop(asked: Asked) -> None:
        if asked.match(r"POST /guilds/\d+/scheduled-events"):
            seen.extend(day.left())
            day.stop.set()

    day.there.at = stop
    status = await day.run()
    assert seen and day.left() == [] and status == 0
    assert "stopped before it was tried" in day.report


async def test_what_can_t_be_deleted_is_named(day: Day) -> None:
    refusal = {"message": "Missing Permissions", "code": 50013}
    day.there.breach = Breach(r"DELETE /guilds/\d+/roles/\d+", lambda *_: (403, refusal), instead=True)
    assert await day.run() == 1
    assert f"role “{MARK} role” (403, code 50013)" in day.report and day.left() == [f"{MARK} role"]
    day.there.keep_all_rules()
    assert await day.run((STARTS,)) == 0
    assert day.left() == []


@pytest.mark.long
async def test_a_second_start_removes_what_a_killed_one_left(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    far = asyncio.Event()

    def notice(asked: Asked) -> None:
        if asked.match(r"POST /channels/\d+/webhooks"):
            far.set()

    day.there.at = notice
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"database": str(tmp_path / "own.db")}))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.bot_process", day.there.address, "first-day", "--yes",
        "--guild", str(day.there.guild.id), "--person", str(day.there.creator.id),
        "--report", str(tmp_path / "killed.md"), "--config", str(config),
        env={**os.environ, "DISCORD_TOKEN": "simulated", "TMPDIR": str(temporary)}, cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await asyncio.wait_for(far.wait(), 60)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    day.there.at = lambda _: None
    assert len(day.left()) > 2 and not (tmp_path / "killed.md").exists()
    assert len(list(temporary.glob("schedulezero-first-day-*"))) == 1
    ours = day.there.guild.create_text_channel("kept")
    assert await day.run((STARTS,)) == 0
    assert day.left() == [] and ours.id in day.there.backend.channels
    assert list(temporary.glob("schedulezero-first-day-*")) == []


def test_only_own_folders_that_nobody_uses_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, used, starting = (
        tmp_path / f"schedulezero-first-day-{name}" for name in ("left", "used", "starting")
    )
    elsewhere = tmp_path / "elsewhere"
    linked = tmp_path / "schedulezero-first-day-linked"
    for folder in (left, used, starting, elsewhere):
        folder.mkdir()
        database_in(folder).touch()
    for folder in (left, elsewhere):
        sqlite_lock.run_bot(database_in(folder)).release()
    linked.symlink_to(elsewhere)
    claim = sqlite_lock.run_bot(database_in(used))
    try:
        assert remove_leftovers() == [left]
    finally:
        claim.release()
    assert not left.exists()
    assert all(database_in(folder).exists() for folder in (used, starting, elsewhere, linked))
    assert remove_leftovers() == [used]


# ------------------------------------------------------------------ before it begins


async def _refused(day: Day, person: Told | None = None) -> str:
    with pytest.raises(Unusable) as refused:
        await day.run(person=person)
    assert refused.value.status == USAGE
    assert day.left() == [] and day.there.identified == []
    made = [item for item in day.there.asked if item[0] != "GET" and item[1] != "/users/@me/channels"]
    assert made == [] and not day.wishes.file.exists()
    return refused.value.message


async def test_nothing_happens_without_consent(day: Day) -> None:
    day.wishes = replace(day.wishes, consents=False)
    person = Told("no")
    assert await _refused(day, person) == "Nothing was done."
    assert MARK in person.texts[0] and "Moonbase" in person.texts[0]


async def test_a_person_who_agrees_is_asked_for_each_step(day: Day) -> None:
    day.wishes = replace(day.wishes, consents=False)
    person = Told("yes", "no", "", "yes")
    codes = ("people.not_for_members", "people.role_under_integrations", "people.setup_opens")
    assert await day.run(tuple(BY_CODE[code] for code in codes), person) == 0
    assert len(person.texts) == 4 and "2 as assumed" in day.report and "1 not tried" in day.report


async def test_a_full_guild_is_refused_unless_told_otherwise(day: Day) -> None:
    for number in range(HANDFUL):
        day.there.guild.add_member(day.there.env.create_user(f"member{number}"))
    assert "--even-so" in await _refused(day)
    day.wishes = replace(day.wishes, even_so=True)
    assert await day.run((STARTS,)) == 0


async def test_a_guild_without_the_bot_is_refused_with_a_link(day: Day) -> None:
    day.wishes = replace(day.wishes, guild_id=10**17)
    assert "https://discord.com/oauth2/authorize" in await _refused(day)


async def test_a_person_who_is_not_there_is_refused(day: Day) -> None:
    day.wishes = replace(day.wishes, person_id=10**17)
    assert "not in that server" in await _refused(day)


async def test_a_bot_without_the_least_permissions_is_refused(day: Day) -> None:
    guild = day.there.backend.get_guild(day.there.guild.id)
    me = guild.members[day.there.backend.bot_user.id]
    day.there.backend.edit_role(guild.id, me.role_ids[0], {"permissions": 0})
    assert "manage channels" in await _refused(day)


async def test_the_last_starts_of_a_day_are_kept(day: Day) -> None:
    day.there.identified.extend([(0, 1)] * 960)
    with pytest.raises(Unusable, match="only 40 more times today"):
        await day.run()


async def test_refused_commands_are_what_differs(day: Day) -> None:
    refusal = {"message": "Invalid Form Body", "code": 50035}
    day.there.breach = Breach(r"PUT /applications/\d+/commands", lambda *_: (400, refusal), instead=True)
    status = await day.run(ASSUMPTIONS)
    assert status == 1 and "commands.synced" in day.report
    assert "4 differs" in day.report
    assert day.left() == []


async def test_a_signal_ends_the_question(day: Day) -> None:
    class Silent(Told):
        async def asked(self, text: str) -> str:
            day.stop.set()
            await asyncio.Event().wait()
            return "yes"

    day.wishes = replace(day.wishes, consents=False)
    assert await _refused(day, Silent()) == "Nothing was done."


async def test_a_running_bot_is_not_disturbed(day: Day) -> None:
    claim = await asyncio.to_thread(claim_file, sqlite_path(day.settings.database), None)
    try:
        assert "Stop it first" in await _refused(day)
    finally:
        claim.release()


async def test_a_report_that_cannot_be_written_is_shown(
    day: Day, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day.wishes = replace(day.wishes, file=tmp_path)
    assert await day.run((STARTS,)) == 0
    assert "## As assumed" in capsys.readouterr().out


async def test_a_lost_connection_differs_and_ends_the_walk(day: Day) -> None:
    @assumes("test.loses", "It stays connected", "tests", "/intro")
    async def loses(visit: Visit) -> str:
        assert visit.connection is not None
        visit.connection.cancel()
        await asyncio.Event().wait()
        return ""

    assert await day.run((*MAKES_THINGS[:3], loses, *MAKES_THINGS[3:])) == 1
    assert "the bot's connection ended" in day.report and "4 not tried" in day.report
    assert day.left() == []


async def test_a_check_that_takes_too_long_is_not_tried(day: Day) -> None:
    @assumes("test.slow", "It is quick", "tests", "/intro", seconds=0.01)
    async def slow(visit: Visit) -> str:
        await asyncio.Event().wait()
        return ""

    assert await day.run((slow, *MAKES_THINGS[:1])) == 0
    assert "took longer than" in day.report and "1 as assumed" in day.report


async def test_the_terminal_takes_one_line_for_each_question(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, into = os.pipe()
    with os.fdopen(out) as reading, os.fdopen(into, "w", buffering=1) as typing:
        monkeypatch.setattr(sys, "stdin", reading)
        terminal = Terminal()
        asking = asyncio.ensure_future(terminal.asked("Agreed?"))
        typing.write(" Yes \n")
        assert await asking == "Yes" and is_yes("Yes") and not is_yes("")
        asking = asyncio.ensure_future(terminal.asked("Done?"))
        typing.write("\n")
        assert await asking == ""
        asking = asyncio.ensure_future(terminal.asked("And now?"))
        await asyncio.sleep(0)  # it has begun to wait
        typing.close()
        assert await asking == "" and await terminal.asked("Still there?") == ""
    assert "Agreed?" in capsys.readouterr().out
