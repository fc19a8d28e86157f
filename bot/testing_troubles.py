"""What a failed test tells: what it waited for and what came instead, and names that nobody declared."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from bot.app import ScheduleZeroBot
from cogs.services import handler_of
from schedulezero.errors import ScheduleZeroError
from schedulezero.methods.spec import META_KEY, spec_of
from schedulezero.methods.typed import TypedJob

_SHOWN = 5
_LONGEST = 200


def expect_known(given: Iterable[str], known: Collection[str], of: str) -> None:
    """Raise TypeError for a name that isn't known, with the one that was probably meant.

    Parameters:
        given: the names that a test uses.
        known: the names that are declared.
        of: what they belong to and what they are, such as ``plant has no parameter``.
    """
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(sorted(known)) or 'none'}."
            raise TypeError(f"{of} {name!r}; {hint}")


def expect_params(jobs: Mapping[str, Any], method: str, params: Any) -> None:
    """Raise TypeError for a parameter that a typed job doesn't have; others take any."""
    job = jobs.get(method)
    if isinstance(job, TypedJob) and isinstance(params, Mapping):
        known = [parameter.name for parameter in spec_of(method, job).parameters]
        given = [str(name) for name in params if name != META_KEY]  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
        expect_known(given, known, f"{method} has no parameter")


async def what_came(bot: ScheduleZeroBot, guild_id: int, posts: Sequence[str] | None = None) -> str:
    """Return what happened in a guild in place of what a test waits for.

    Parameters:
        bot: the bot.
        guild_id: the guild's id.
        posts: the texts of the messages among which it waits for one; None if it waits for something else.
    """
    lines: list[str] = []
    if posts is not None:
        shown = [repr(text[:_LONGEST]) for text in posts[-_SHOWN:]]
        lines.append(f"The bot posted {', '.join(shown)}." if shown else "The bot posted nothing there.")
    handler = handler_of(bot)
    state = "runs" if handler.running else "has stopped"
    known = "the server knows it" if handler.registered is not None else "the server doesn't know it"
    lines.append(f"The handler {state}, and {known}.")
    if handler.under_way:
        lines.append(f"Runs under way: {', '.join(sorted(handler.under_way))}.")
    try:
        found = await bot.services.client.runs(str(guild_id))
    except ScheduleZeroError as error:
        lines.append(f"The server can't say what ran: {error.message}")
    else:
        runs = [
            f"{run.method} {run.state.value}" + (f" ({run.error[:_LONGEST]})" if run.error else "")
            for run in found.runs[:_SHOWN]
        ]
        lines.append(f"Last runs: {'; '.join(runs)}." if runs else "No job has run.")
    return " ".join(lines)
