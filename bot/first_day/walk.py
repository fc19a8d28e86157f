"""Tries assumptions one after the other; none that fails, or takes too long, ends the rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence

import aiohttp
import discord

from bot.first_day.assumption import Assumption, Outcome, Verdict
from bot.first_day.findings import Differs, NotTried
from bot.first_day.visit import Visit
from bot.health.unreachable import why_unreachable
from schedulezero.background import run_in_background
from schedulezero.errors import ScheduleZeroError

log = logging.getLogger(__name__)

STOPPED = "stopped before it was tried"


async def walk(
    visit: Visit, assumptions: Sequence[Assumption], stop: asyncio.Event
) -> AsyncIterator[Outcome]:
    """Yield the outcome of each assumption, in order.

    Parameters:
        visit: What the checks have at hand.
        assumptions: What to try.
        stop: Ends the present check; the remaining ones are not tried.
    """
    stopping = run_in_background(stop.wait(), "the wait for a signal")
    ended: str | None = None
    try:
        for assumption in assumptions:
            if stop.is_set():
                yield Outcome(assumption, Verdict.NOT_TRIED, STOPPED)
                continue
            if ended is not None:
                yield Outcome(assumption, Verdict.NOT_TRIED, ended)
                continue
            trying = run_in_background(_tried(visit, assumption), assumption.code)
            beside = [stopping] if visit.connection is None else [stopping, visit.connection]
            await asyncio.wait((trying, *beside), return_when=asyncio.FIRST_COMPLETED)
            if trying.done():
                yield trying.result()
                continue
            trying.cancel()
            await asyncio.wait((trying,))
            if stop.is_set():
                yield Outcome(assumption, Verdict.NOT_TRIED, STOPPED)
                continue
            # One that ended like this would end again; the others are for another day.
            ended = _why_ended(visit.connection)
            yield Outcome(assumption, Verdict.DIFFERS, ended)
    finally:
        stopping.cancel()


def _why_ended(connection: asyncio.Task[None] | None) -> str:
    error = None if connection is None or connection.cancelled() else connection.exception()
    return f"the bot's connection ended ({type(error).__name__}: {error})"


async def _tried(visit: Visit, assumption: Assumption) -> Outcome:
    """Return the outcome of one check, whatever it raises."""

    def differs(said: str) -> Outcome:
        return Outcome(assumption, Verdict.DIFFERS, said)

    def not_tried(said: str) -> Outcome:
        return Outcome(assumption, Verdict.NOT_TRIED, said)

    try:
        async with asyncio.timeout(assumption.seconds):
            return Outcome(assumption, Verdict.AS_ASSUMED, await assumption.check(visit))
    except Differs as error:
        return differs(str(error))
    except NotTried as error:
        return not_tried(str(error))
    except discord.RateLimited as error:
        return not_tried(f"Discord asked to wait {error.retry_after:.0f} s")
    except discord.HTTPException as error:
        said = f"answered with {error.status}, code {error.code}: {error.text}"
        return not_tried(said) if error.status >= 500 or error.status == 429 else differs(said)
    except TimeoutError:
        return not_tried(f"took longer than {assumption.seconds:.0f} s")
    except (aiohttp.ClientError, OSError) as error:
        return not_tried(f"Discord can't be reached ({why_unreachable(error)})")
    except ScheduleZeroError as error:
        return differs(error.message)
    except Exception as error:
        # An answer in another form than the check reads: that differs, too, and the rest goes on.
        log.exception("the check %s failed", assumption.code)
        return differs(f"the answer has another form than expected ({type(error).__name__}: {error})")
