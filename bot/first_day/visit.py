"""What a check has at hand: the running bot, the place, Discord's answers so far, and the person to ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import discord
from discord.http import Route

from bot.app import ScheduleZeroBot
from bot.first_day.answers import Answers
from bot.first_day.findings import Differs, NotTried
from bot.first_day.place import MARK, Place
from bot.first_day.terminal import Person
from schedulezero import instants
from schedulezero.instants import to_iso
from schedulezero.model import Job, Run, RunState, Trigger
from schedulezero.model.authorship import belongs_to_another

_POLL_SECONDS = 0.05
_RUN_SECONDS = 60.0
ASKING_SECONDS = 1.0
"""How long to wait between two looks that are requests to Discord."""
NOBODY = 10**17 | 0x3FFFFF
"""A snowflake of 2015 that belongs to nothing: it would be the 4,096th of one process in one millisecond.

https://discord.com/developers/docs/reference#snowflakes
"""


@dataclass
class Visit:
    """What a check may use.

    Attributes:
        bot: The running bot.
        place: What is created, by need.
        answers: Discord's rate limits so far.
        person: Whom to ask for what only a person can do.
        creator_id: The member in whose name jobs run, the guild's owner by default.
        person_id: Who gets direct messages; None if nobody agreed.
        sessions_before: The starts that Discord allowed before this one.
        patience: How many seconds to wait for what Discord does a little later.
        connection: The bot's connection, which ends only if something is wrong.
        noted: What one check leaves for another.
    """

    bot: ScheduleZeroBot
    place: Place
    answers: Answers
    person: Person
    creator_id: int
    person_id: int | None = None
    sessions_before: int | None = None
    patience: float = 15.0
    connection: asyncio.Task[None] | None = None
    noted: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def guild_id(self) -> int:
        """The guild's id."""
        return self.place.guild_id

    @property
    def guild(self) -> discord.Guild:
        """The guild, as the bot knows it."""
        found = self.bot.get_guild(self.guild_id)
        if found is None:
            raise NotTried("the bot did not receive the server over the gateway")
        return found

    @property
    def user_id(self) -> int:
        """The bot's own id."""
        assert self.bot.user is not None
        return self.bot.user.id

    async def ask(self, method: str, path: str, *, json: Any = None, params: Any = None, **ids: Any) -> Any:
        """Make one request through discord.py's own client, so with the bot's pace and retries."""
        more: dict[str, Any] = {"json": json} if json is not None else {}
        if params is not None:
            more["params"] = params
        own = {"guild_id": self.guild_id, "application_id": self.bot.application_id}
        return await self.bot.http.request(Route(method, path, **{**own, **ids}), **more)

    async def refused(
        self, codes: tuple[int, ...], method: str, path: str, *, json: Any = None, **ids: Any
    ) -> str:
        """Make a request that Discord should refuse with one of these codes, and return how it did."""
        try:
            answer = await self.ask(method, path, json=json, **ids)
        except discord.HTTPException as error:
            if error.status >= 500 or error.status == 429:
                raise
            if error.code in codes:
                return f"refused with {error.status}, code {error.code}"
            raise Differs(f"refused with {error.status}, code {error.code}: {error.text}") from error
        raise Differs(f"accepted{': ' + str(answer)[:200] if answer else ''}")

    async def post(self, channel_id: int, **body: Any) -> dict[str, Any]:
        """Post in a channel, pinging nobody, and return Discord's message."""
        body.setdefault("allowed_mentions", {"parse": []})
        return await self.ask("POST", "/channels/{channel_id}/messages", channel_id=channel_id, json=body)

    async def channel(self, channel_id: int) -> dict[str, Any]:
        """Return a channel as Discord has it."""
        return await self.ask("GET", "/channels/{channel_id}", channel_id=channel_id)

    async def thread(self, channel_id: int, name: str, kind: int = 11) -> dict[str, Any]:
        """Open a thread and return it."""
        return await self.ask(
            "POST",
            "/channels/{channel_id}/threads",
            channel_id=channel_id,
            json={"name": f"{MARK} {name}", "type": kind, "auto_archive_duration": 60},
        )

    async def known(self, channel_id: int) -> Any:
        """Return a channel as the bot knows it, once it came over the gateway."""
        return await self.until(lambda: self.bot.get_channel(channel_id), "the channel over the gateway")

    async def until(
        self, found: Any, what: str, *, seconds: float | None = None, every: float = _POLL_SECONDS
    ) -> Any:
        """Return the first true result; raises Differs if there is none in time (`patience` by default).

        Parameters:
            found: Returns the result, or a coroutine that does.
            what: What is waited for.
            seconds: How long at most.
            every: How many seconds between two looks; more if each is a request to Discord.
        """
        seconds = self.patience if seconds is None else seconds
        give_up = time.monotonic() + seconds
        while True:
            result = found()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return result
            if time.monotonic() >= give_up:
                raise Differs(f"{what} did not come within {seconds:.0f} s")
            await asyncio.sleep(min(every, seconds))

    def someone(self) -> int:
        """Return the person who gets direct messages; raises NotTried if there is none."""
        if self.person_id is None:
            raise NotTried("needs a person who agrees to direct messages: `--person ID`")
        return self.person_id

    # -------------------------------------------------------------------- jobs

    async def run_job(self, method: str, params: Mapping[str, Any], **more: Any) -> Run:
        """Save a job and run it now, over the server and the wire; return its run if it succeeded."""
        run = await self.try_job(method, params, **more)
        if run.state is not RunState.SUCCEEDED:
            raise Differs(f"the run is {run.state}: {run.error or run.note or 'without a reason'}")
        return run

    async def try_job(
        self, method: str, params: Mapping[str, Any], *, guild_id: int | None = None,
        creator_id: int | None = None,
    ) -> Run:  # fmt: skip
        """Save a job and run it now; return its run, however it ended."""
        services = self.bot.services
        job = await services.client.create(
            Job(
                id="",
                handler_id=services.handler_id,
                method=method,
                params=params,
                trigger=Trigger("date", {"run_date": to_iso(instants.now() + timedelta(days=300))}),
                guild_id=str(guild_id or self.guild_id),
                creator_id=str(creator_id or self.creator_id),
                name=MARK,
            )
        )
        return await self.run_saved(job)

    async def run_saved(self, job: Job) -> Run:
        """Run a saved job now and return its run, however it ended."""
        client = self.bot.services.client
        begun = await client.run(job)
        guild_id = job.guild_id or ""

        async def ended() -> Run | None:
            page = await client.runs(guild_id, job_id=job.id)
            found = next((run for run in page.runs if run.scheduled_at == begun.scheduled_at), None)
            return found if found is not None and found.state is not RunState.QUEUED else None

        return await self.until(ended, "the end of the run", seconds=_RUN_SECONDS)

    async def ending_of(self, method: str) -> Job:
        """Return the ending that a job scheduled for later, to run it now."""
        async for job in self.bot.services.client.all_jobs(str(self.guild_id)):
            if job.method == method and belongs_to_another(job):
                return job
        raise Differs(f"no job {method} was scheduled to undo the change")
