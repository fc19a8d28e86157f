"""``/api/guilds/{id}``: when and how much a guild allows jobs to run, and its erasure."""

from __future__ import annotations

import asyncio
import re

from aiohttp import web

from schedulezero import instants
from schedulezero.model import GuildRules
from schedulezero.model.limits import Limits, above_jobs, above_runs
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.bodies import RulesBody, actor_of, check_zone, read_body
from schedulezero.server.http.errors import ApiError
from schedulezero.server.records.guild_rules import Rules
from schedulezero.when.calendar.holidays import PLACE, UnknownPlace, holidays_of


class RulesResource:
    """The route handlers of a guild's rules."""

    def __init__(self, rules: Rules, limits: Limits) -> None:
        self._rules = rules
        self._limits = limits

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/guilds/{id}/rules", self.show),
            web.put("/api/guilds/{id}/rules", self.save),
            web.delete("/api/guilds/{id}", self.erase),
        ]

    async def erase(self, request: web.Request) -> web.Response:
        erased = await self._rules.erase(guild_id_of(request))
        return json_answer({"jobs": erased.jobs, "runs": erased.runs})

    async def show(self, request: web.Request) -> web.Response:
        guild_id = guild_id_of(request)
        return json_answer((self._rules.of(guild_id) or GuildRules(guild_id)).to_json())

    async def save(self, request: web.Request) -> web.Response:
        body = await read_body(request, RulesBody)
        guild_id = guild_id_of(request)
        if (body.quiet_from is None) != (body.quiet_to is None):
            raise ApiError(400, "bad_field", "Quiet hours have a beginning and an end.", "quiet_to")
        check_zone(body.timezone, "UTC")
        try:
            rules = GuildRules.from_json({**body.model_dump(), "guild_id": guild_id})
        except ValueError as error:
            raise ApiError(400, "bad_field", f"A day does not exist: {error}.", "dark_days") from error
        await _check_holidays(rules)
        self._check_limits(rules)
        await self._rules.save(rules, actor_of(request))
        return json_answer(rules.to_json())

    def _check_limits(self, rules: GuildRules) -> None:
        """Reject limits above the owner's, except unchanged ones, set while the owner's were higher."""
        before = self._rules.of(rules.guild_id) or GuildRules(rules.guild_id)
        jobs, a_minute = self._limits.jobs_per_guild, self._limits.runs_per_minute
        if jobs is not None and (rules.most_jobs or 0) > jobs and rules.most_jobs != before.most_jobs:
            raise ApiError(422, "above_limit", above_jobs(jobs).message, "most_jobs")
        if a_minute is None or rules.most_runs_an_hour == before.most_runs_an_hour:
            return
        if (rules.most_runs_an_hour or 0) > 60 * a_minute:
            raise ApiError(422, "above_limit", above_runs(60 * a_minute).message, "most_runs_an_hour")


async def _check_holidays(rules: GuildRules) -> None:
    """Reject a place whose public holidays aren't known; this also loads them, which takes a while."""
    if rules.holidays is None:
        return
    try:
        if not re.fullmatch(PLACE, rules.holidays, re.ASCII):
            raise UnknownPlace(rules.holidays)
        await asyncio.to_thread(holidays_of, rules.holidays, instants.now().year)
    except UnknownPlace as error:
        raise ApiError(
            400,
            "bad_field",
            "The public holidays of that place are not known; examples are 'DE' and 'US-CA'.",
            "holidays",
        ) from error


def guild_id_of(request: web.Request) -> str:
    """Return the guild id in the path. Raises ApiError 404 if it is not a number."""
    guild_id = request.match_info["id"]
    if not re.fullmatch(r"\d{1,20}", guild_id, re.ASCII):
        raise ApiError(404, "guild_not_found", "A guild's id is a number.", "id")
    return guild_id
