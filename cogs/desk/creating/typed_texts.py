"""Texts between a form and a draft: names become mentions, and mentions are shown as names again.

The names are those that the person can see in Discord's client. The bot keeps only a few members in its
cache, so that a few names that nothing else explains are looked up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import discord

from cogs.desk.kit.context import Desk
from cogs.desk.kit.names import directory_here
from cogs.memory import Draft
from cogs.rights.typed_pings import mentioning
from schedulezero.compose.typed_text import (
    as_sent,
    as_typed,
    typed_people,
    unresolved,
)
from schedulezero.methods.spec import MethodSpec

log = logging.getLogger(__name__)

_SECONDS = 1.0
"""How long Discord may take for members; a form has to open or be answered within three seconds."""
_LONGEST = 4000
"""What a form's field takes: a longer text isn't shown in one."""
_MOST_ASKED = 3
_MOST_FOUND = 25
_MOST_MENTIONED = 20


async def sent_values(desk: Desk, spec: MethodSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form's values with the names in texts converted to mentions, as Discord's client does.

    Parameters:
        desk: who typed them, and where.
        spec: what the method declares.
        values: the form's values, by parameter.
    """
    typed = {name: values[name] for name in mentioning(spec) if isinstance(values.get(name), str)}
    if not typed:
        return dict(values)
    return {**values, **dict(zip(typed, await sent_texts(desk, list(typed.values())), strict=True))}


async def sent_texts(desk: Desk, texts: Sequence[str]) -> list[str]:
    """Return texts with the names in them converted to mentions."""
    directory = await directory_here(desk)
    names = [name for text in texts for name in unresolved(as_sent(text, directory)[1])]
    if found := await _named(desk.guild, list(dict.fromkeys(names))[:_MOST_ASKED]):
        directory = await directory_here(desk, found)
    return [as_sent(text, directory)[0] for text in texts]


async def typed_draft(desk: Desk, spec: MethodSpec, draft: Draft) -> Draft:
    """Return a draft whose texts show their mentions as a person types them, for its form."""
    values = {name: draft.values.get(name) for name in mentioning(spec)}
    texts = {name: text for name, text in values.items() if isinstance(text, str) and len(text) <= _LONGEST}
    return replace(
        draft,
        values={
            **draft.values,
            **dict(zip(texts, await typed_texts(desk, list(texts.values())), strict=True)),
        },
    )


async def typed_texts(desk: Desk, texts: Sequence[str]) -> list[str]:
    """Return texts that show their mentions as a person types them."""
    if not any("<" in text for text in texts):
        return list(texts)
    mentioned = {user_id for text in texts for user_id in typed_people(text)}
    unknown = [number for number in sorted(mentioned) if desk.guild.get_member(number) is None]
    found = await _members(desk.guild, user_ids=unknown[:_MOST_MENTIONED]) if unknown else []
    directory = await directory_here(desk, found)
    return [as_typed(text, directory) for text in texts]


async def _named(guild: discord.Guild, names: list[str]) -> list[discord.Member]:
    """Return members whose names begin like these; Discord finds them by user name and nickname."""
    asked = [_members(guild, query=name, limit=_MOST_FOUND) for name in names]
    return [member for found in await asyncio.gather(*asked) for member in found]


async def _members(guild: discord.Guild, **asked: Any) -> list[discord.Member]:
    """Return the members that Discord finds, or none while it can't be asked."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await guild.query_members(**asked, cache=False)
    except (TimeoutError, discord.DiscordException) as error:
        log.info("members of %s can't be looked up: %r", guild.id, error)
        return []
