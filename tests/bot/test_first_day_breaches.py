"""Each assumption of the first day, broken once on purpose: the report says so, and what came instead."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from bot.first_day.answers import Answers
from bot.first_day.assumption import Outcome, Verdict, exit_status
from bot.first_day.place import Place
from bot.first_day.report import report
from bot.first_day.starting import started
from bot.first_day.subjects.gateway import STARTS
from bot.first_day.table import ASSUMPTIONS
from bot.first_day.visit import Visit
from bot.first_day.walk import walk
from bot.sprocket_specs import specs_of_sprockets
from bot.testing import free_settings
from cogs.config.config import DEFAULT_SPROCKETS
from tests.support.first_day import Told, pointed_at
from tests.support.first_day_breaches import BROKEN, HOLDS
from tests.support.first_day_rules import FirstDayDiscord

pytestmark = [
    pytest.mark.discord_violations,
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
]
BY_CODE = {item.code: item for item in ASSUMPTIONS}


@dataclass
class Stage:
    """The stand-in, and a visit of the bot that all tests of this module share."""

    there: FirstDayDiscord
    visit: Visit

    async def tried(self, *codes: str) -> list[Outcome]:
        """Try assumptions as the walk does; one in a hurry doesn't wait for what never comes."""
        chosen = [BY_CODE[code] for code in codes]
        return [outcome async for outcome in walk(self.visit, chosen, asyncio.Event())]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[FirstDayDiscord, Visit]]:
    settings = free_settings(str(tmp_path_factory.mktemp("first-day") / "schedulezero.db"))
    settings = settings.model_copy(update={"private_calls": True})
    answers = Answers()
    async with FirstDayDiscord() as there:
        with pointed_at(there.address):
            async with started(settings, "simulated", answers, asyncio.Event()) as (bot, connection):
                assert bot.user is not None and bot.application_id is not None
                place = Place(bot.http, bot.application_id, bot.user.id, there.guild.id)
                yield there, Visit(
                    bot, place, answers, Told(), there.creator.id, there.creator.id, 1000, 5.0, connection
                )  # fmt: skip


@pytest_asyncio.fixture(loop_scope="module")
async def stage(started_once: tuple[FirstDayDiscord, Visit]) -> AsyncIterator[Stage]:
    """The shared visit, with nothing of an earlier test's breaches."""
    there, visit = started_once
    kept = visit.bot.settings
    yield Stage(there, replace(visit, noted=visit.noted))
    visit.bot.settings = kept
    there.keep_all_rules()
    visit.answers.windows.clear()
    visit.answers.refusals.clear()
    visit.bot.http._buckets.clear()  # a broken window would hold up the next test
    visit.bot.http._bucket_hashes.clear()


def test_each_assumption_is_broken_once() -> None:
    assert {item.code for item in ASSUMPTIONS} - {STARTS.code} == set(BROKEN)
    assert len({item.code for item in ASSUMPTIONS}) == len(ASSUMPTIONS)


def test_each_built_in_job_is_walked() -> None:
    walked = " ".join(f"{item.code} {item.matters}" for item in ASSUMPTIONS if item.code.startswith("job."))
    names = {spec.name for spec in specs_of_sprockets(DEFAULT_SPROCKETS)}
    assert names and not names - set(re.findall(r"\w+", walked))


@pytest.mark.parametrize("code", list(BROKEN))
async def test_a_broken_assumption_is_reported(stage: Stage, code: str) -> None:
    broken = BROKEN[code]
    # What the place needs is made first, so that a breach meets the check's own requests.
    for name in ("text", "lock", "foreign", "hook", "named", "slow", "locked", "slower", "topic", "second"):
        await stage.visit.known(await stage.visit.place.text(name))
    if inspect.isawaitable(preparing := broken.prepare(stage.there, stage.visit)):
        await preparing
    stage.visit.patience = 0.3 if code in IN_A_HURRY else 5.0
    if broken.first is not None:
        await stage.tried(broken.first)
    stage.there.breach, stage.there.met = broken.breach, 0
    (outcome,) = await stage.tried(code)
    assert outcome.verdict is Verdict.DIFFERS, outcome.said
    assert broken.said in outcome.said
    text = report([outcome], versions={}, windows={}, refusals=[], left=[])
    assert "1 differs" in text and code in text and exit_status([outcome]) == 1


IN_A_HURRY = {"gateway.own_member", "commands.synced", "job.lockdown_channel"}
"""Checks that wait for something that a breach keeps away."""


@pytest.mark.parametrize("code", list(HOLDS))
async def test_what_a_person_sees_is_as_assumed(stage: Stage, code: str) -> None:
    """The assumptions that a walk without a person doesn't try."""
    held = HOLDS[code]
    await stage.visit.known(await stage.visit.place.text("foreign"))
    held.prepare(stage.there, stage.visit)
    stage.there.breach = held.breach
    (outcome,) = await stage.tried(code)
    assert outcome.verdict is Verdict.AS_ASSUMED, outcome.said
    assert held.said in outcome.said
