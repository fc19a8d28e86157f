"""Whom a run of a job pings, and whether to ask before somebody starts one by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from cogs.desk.kit.wording import cut
from cogs.language import tn
from cogs.rights.rights import PINGS_OR_DELETES, is_risky, pinged_roles, pinging_texts
from schedulezero.compose.rendering import called, called_in
from schedulezero.compose.typed_text import typed_people, typed_roles
from schedulezero.methods.spec import MethodSpec
from schedulezero.methods.variables import turn

_MOST_NAMED = 10
"""The most people that a question names; of more it says how many."""


def whom_it_pings(spec: MethodSpec, params: Mapping[str, Any], guild: discord.Guild, number: int = 1) -> str:
    """Return whom a run pings; of many people it says how many.

    Parameters:
        spec: the job's method.
        params: its params.
        guild: where it runs.
        number: the run's number within the job, which decides on the text where several take turns.
    """
    found = [*called(params, str(guild.id)), *_asked(params, guild)]
    said = pinging_texts(spec, params)
    if params.get("shuffled") is not True:
        said = [turn(text, number) for text in said]
    named = {role_id for text in said for role_id in typed_roles(text)}
    found += [role.mention for role in pinged_roles(spec, params, guild) if role.id in named]
    people = list(dict.fromkeys(user_id for text in said for user_id in typed_people(text)))
    if len(people) <= _MOST_NAMED:
        found += [f"<@{user_id}>" for user_id in people]
    else:
        found.append(tn("{count} person", "{count} people", len(people)))
    return cut(", ".join(dict.fromkeys(found)), 1000)


def asks_first(spec: MethodSpec, params: Mapping[str, Any], guild: discord.Guild) -> bool:
    """Return whether a run pings everyone, a role or many people, deletes, kicks or bans."""
    pings = bool(called(params, str(guild.id)) or _asked(params, guild) or pinged_roles(spec, params, guild))
    return pings or is_risky(spec, params, guild, PINGS_OR_DELETES)


def _asked(params: Mapping[str, Any], guild: discord.Guild) -> tuple[str, ...]:
    """Return the ping that a job of a plain text begins with."""
    everyone = "everyone" if params.get("everyone") else None
    return called_in([], everyone, str(guild.id))
