"""What a sprocket remembers between runs: small values of its guild, and of a person or a job in it.

    streak = await get(bot, "standup", "streak", person=member.id, default=0)
    await put(bot, "standup", "streak", streak + 1, person=member.id)
    streaks = await saved(bot, "standup", "streak")

A value belongs to the guild of the run's job and is deleted with the guild; one of a person also when they
delete their data, and one of a job 30 days after the job has ended. Outside of a run, as in a command or a
listener, ``guild`` names it. The bot's notes hold the values, so a restart loses none.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from schedulezero.errors import JobFailed
from schedulezero.handler.run_context import current_run
from schedulezero.methods.host import host_of
from schedulezero.methods.note_kinds import SPROCKET_STATE
from schedulezero.sentences import Sentence
from schedulezero.wire.storable import Unstorable, check, check_text

LARGEST = 4096
"""The most characters of a value, as JSON."""
MOST = 2000
"""The most values in a guild, of all sprockets together."""
LONGEST_KEY = 100
"""The most characters of a key."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A value that `put` saved, as `saved` lists it.

    Attributes:
        key: Its key.
        value: The value.
        person: The id of the person whose value it is; None for one of the guild or a job.
        job_id: The id of the job whose value it is; None for one of the guild or a person.
    """

    key: str
    value: Any
    person: int | None = None
    job_id: str | None = None


async def get(
    bot: object,
    sprocket: str,
    key: str,
    *,
    person: int | None = None,
    job: bool = False,
    guild: int | None = None,
    default: Any = None,
) -> Any:
    """Return a value that `put` saved, or the default.

    Parameters:
        bot: The bot.
        sprocket: The sprocket's name, as in ``/load_sprocket``.
        key: Names the value.
        person: The id of the person whose value it is; None for one of the guild or the job.
        job: Whether it is the value of the run's job.
        guild: The id of the guild, outside of a run; in a run it is the run's own.
        default: What to return if there is no value.

    Raises JobFailed outside a guild, and for a key or a name that isn't text of 1 to 100 characters.
    """
    kind, name, _ = _place(sprocket, key, person, job=job, guild=guild)
    found = await host_of(bot).memory.kept(kind, name)
    return default if found is None else found["value"]


async def put(
    bot: object,
    sprocket: str,
    key: str,
    value: Any,
    *,
    person: int | None = None,
    job: bool = False,
    guild: int | None = None,
) -> None:
    """Save a value under a key, replacing any that is there; None deletes it.

    Two runs at the same time may each replace what the other has saved. A run that is repeated after a crash
    saves again, so save what follows from a run's instant, or save it within a `step`.

    Parameters:
        bot: The bot.
        sprocket: The sprocket's name, as in ``/load_sprocket``.
        key: Names the value; at most 100 characters.
        value: What JSON can hold, at most 4096 characters of it.
        person: The id of the person whose value it is; None for one of the guild or the job.
        job: Whether it is the value of the run's job.
        guild: The id of the guild, outside of a run; in a run it is the run's own.

    Raises JobFailed outside a guild, for a key or value that is too long, and if the guild has 2000 values.
    """
    kind, name, about = _place(sprocket, key, person, job=job, guild=guild)
    notes = host_of(bot).memory
    if value is None:
        await notes.forget(kind, name)
        return
    try:
        check(value, largest=LARGEST)
        size = len(json.dumps(value, ensure_ascii=False))
    except Unstorable as error:
        raise _unstorable(
            key, Sentence("it contains {what}", "state_value_unstorable", what=error.said)
        ) from error
    if size > LARGEST:
        raise JobFailed(
            "The value of {key!r} has {size} characters; at most {most} can be saved.",
            retry=False,
            code="state_too_large",
            key=key,
            size=size,
            most=LARGEST,
        )
    if not await notes.put_among(kind, name, {**about, "value": value}, MOST):
        raise JobFailed(
            "This server's sprockets have saved {most} values, the maximum. No more can be saved.",
            retry=False,
            code="state_full",
            most=MOST,
        )


async def saved(
    bot: object, sprocket: str, key: str | None = None, *, guild: int | None = None, most: int = MOST
) -> list[Saved]:
    """List the values that a sprocket has saved in a guild, such as everybody's birthday.

    They are ordered by key, and those of one key always come in the same order.

    Parameters:
        bot: The bot.
        sprocket: The sprocket's name, as in ``/load_sprocket``.
        key: Lists the values of this key only: that of the guild, of each person and of each job.
        guild: The id of the guild, outside of a run; in a run it is the run's own.
        most: How many to list at most; a guild has no more than 2000.

    Raises JobFailed outside a guild.
    """
    kind = _kind(guild, job=False)
    wanted = {"sprocket": sprocket} if key is None else {"sprocket": sprocket, "key": key}
    found = await host_of(bot).memory.notes_with(kind, wanted, ("key", "person", "job"), most)
    return [
        Saved(
            value["key"],
            value["value"],
            int(value["person"]) if value["person"] is not None else None,
            value["job"],
        )
        for value in found
    ]


def _kind(guild: int | None, *, job: bool) -> str:
    """Return the kind of the notes of the run's guild or, outside of a run, of the guild that is named."""
    run = current_run()
    if run.guild_id is not None and guild is not None and str(guild) != run.guild_id:
        raise JobFailed(
            "A job can use only its own server's values.", retry=False, code="state_of_another_guild"
        )
    place = run.guild_id if run.guild_id is not None else guild
    if place is None or (job and run.job_id is None):
        raise JobFailed("This job doesn't belong to a server.", retry=False, code="job_without_guild")
    return f"{SPROCKET_STATE}/{place}"


def _place(
    sprocket: str, key: str, person: int | None, *, job: bool, guild: int | None
) -> tuple[str, str, dict[str, Any]]:
    """Return the kind and key of a note, and what it is about."""
    kind = _kind(guild, job=job)
    fault = _fault_of_key(key) or _fault_of_sprocket(sprocket)
    if fault is not None:
        raise _unstorable(str(key)[:LONGEST_KEY].encode(errors="replace").decode(), fault)
    if not 0 < len(key) <= LONGEST_KEY:
        raise JobFailed(
            "A key must have 1 to {most} characters.", retry=False, code="state_key_length", most=LONGEST_KEY
        )
    about = {
        "sprocket": sprocket,
        "key": key,
        "person": str(person) if person is not None else None,
        "job": current_run().job_id if job else None,
    }
    name = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    return kind, name, about


def _unstorable(key: str, fault: Sentence) -> JobFailed:
    return JobFailed(
        "The value of {key!r} can't be saved: {fault}.",
        retry=False,
        code="state_unstorable",
        key=key,
        fault=fault,
    )


def _fault_of_key(key: object) -> Sentence | None:
    """Return why a key can't be stored, or None; its length is told by itself."""
    if not isinstance(key, str):
        return Sentence("the key isn't text", "state_key_not_text")
    try:
        check_text(key)
    except Unstorable as error:
        return Sentence("the key contains {what}", "state_key_unstorable", what=error.said)
    return None


def _fault_of_sprocket(name: object) -> Sentence | None:
    """Return why a sprocket's name can't be stored, or None."""
    if not isinstance(name, str):
        return Sentence("the sprocket's name isn't text", "state_name_not_text")
    if not 0 < len(name) <= LONGEST_KEY:
        return Sentence(
            "the sprocket's name must have 1 to {most} characters", "state_name_length", most=LONGEST_KEY
        )
    try:
        check_text(name)
    except Unstorable as error:
        return Sentence("the sprocket's name contains {what}", "state_name_unstorable", what=error.said)
    return None
