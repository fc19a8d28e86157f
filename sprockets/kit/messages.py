"""Writes what a message says: its text with variables, mentions, embeds, colours, and Discord's lengths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import discord

from schedulezero import instants
from schedulezero.compose import limits
from schedulezero.compose.typed_text import typed_people, typed_roles, unsilenced
from schedulezero.errors import JobFailed, ParameterError
from schedulezero.handler.run_context import current_run
from schedulezero.methods.colours import parse_colour
from schedulezero.methods.variables import Facts, facts_of, render, rendered, turn

MOST_TEXT = limits.TEXT.most
"""The most characters that a message can have."""
_ADDRESS = re.compile(r"(https?|attachment)://\S+$")


def mentions(
    text: str,
    *,
    role: discord.Role | None = None,
    roles: Iterable[discord.Role] = (),
    everyone: bool = False,
    channel: discord.abc.GuildChannel | discord.Thread | None = None,
) -> discord.AllowedMentions:
    """Return mentions that ping the people named in the text, and the role or everyone only if asked.

    With a channel, the text also pings the roles in it that the job's creator may ping there: roles that
    anyone may mention, and all roles if they have the permission to. The job declares the text's parameter
    in its ``pings``; otherwise the check before the run doesn't look, and only the former are pinged.

    Parameters:
        text: The text as somebody wrote it, before its variables are filled in, so that a variable pings
            nobody; of several texts only the one that is posted, see `turn_for`.
        role: A role to ping.
        roles: Several roles to ping.
        everyone: Whether to ping @everyone.
        channel: Where the text is posted.
    """
    users = [discord.Object(number) for number in typed_people(text)]
    called = [*([role] if role is not None else []), *roles]
    called += [item for item in _typed_roles(text, channel) if item not in called] if channel else []
    return discord.AllowedMentions(
        everyone=everyone,
        roles=called[: limits.MENTIONED_ROLES.most],
        users=users[: limits.MENTIONED_PEOPLE.most],
        replied_user=False,
    )


def _typed_roles(text: str, channel: discord.abc.GuildChannel | discord.Thread) -> list[discord.Role]:
    """Return the roles in a text that the person in whose name it is posted may ping in a channel."""
    # A thread that the job has opened itself has its parent's permissions.
    places = {channel.id, *([channel.parent_id] if isinstance(channel, discord.Thread) else [])}
    every = not current_run().pings.isdisjoint(places)
    found = [channel.guild.get_role(role_id) for role_id in typed_roles(text)]
    return [role for role in found if role and not role.is_default() and (every or role.mentionable)]


def colour_of(value: Any) -> discord.Colour:
    """Return the colour that a text such as ``#5865F2`` or ``blue`` names, or raise JobFailed."""
    found = parse_colour(value)
    if found is None:
        raise JobFailed(
            "“{text}” isn't a colour. Examples: #5865F2, blue.",
            retry=False,
            code="not_a_colour",
            text=str(value)[:40],
        )
    return discord.Colour(found)


def fitting(text: str, most: int, where: str) -> str:
    """Return the text, or raise JobFailed if it is too long for Discord.

    Parameters:
        text: The text as it is sent, with its variables filled in.
        most: How many characters Discord accepts.
        where: What the text is, for the error's sentence, such as ``message``.
    """
    if len(text) > most:
        raise JobFailed(
            "The {where} has {length} characters; Discord allows {most}.",
            retry=False,
            code="text_too_long",
            where=limits.part_called(where),
            length=len(text),
            most=most,
        )
    return text


def embed_of(data: dict[str, Any]) -> discord.Embed:
    """Return the embed that Discord's JSON describes. Raises JobFailed if Discord would refuse it."""
    try:
        embed = discord.Embed.from_dict(data)
        empty, length = not embed, len(embed)  # which looks at its fields
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise JobFailed(
            "The embed can't be used, because its JSON isn't what Discord expects.",
            retry=False,
            code="embed_unusable",
        ) from error
    if empty:
        raise JobFailed("The embed can't be used, because it is empty.", retry=False, code="embed_is_empty")
    if length > limits.EMBED_TOTAL.most:
        raise JobFailed(
            "The embed has {length} characters; Discord allows {most}.",
            retry=False,
            code="embed_too_long",
            length=length,
            most=limits.EMBED_TOTAL.most,
        )
    _expect_embed_parts(embed)
    parts = (
        ("title", embed.title, limits.EMBED_TITLE),
        ("author", embed.author.name, limits.EMBED_AUTHOR),
        ("description", embed.description, limits.EMBED_DESCRIPTION),
        ("footer", embed.footer.text, limits.EMBED_FOOTER),
        *(
            (where, getattr(field, key), limit)
            for number, field in enumerate(embed.fields, 1)
            for key, limit, where in limits.field_limits(number)
        ),
    )
    for where, text, limit in parts:
        fitting(text or "", limit.most, where)
    return embed


def _expect_embed_parts(embed: discord.Embed) -> None:
    """Raise JobFailed for fields and addresses that Discord would refuse.

    https://discord.com/developers/docs/resources/message#embed-object-embed-limits. Discord trims blanks, so
    that a name of blanks is none.
    """
    if len(embed.fields) > limits.EMBED_FIELDS.most:
        raise JobFailed(
            "The embed has {count} fields; Discord allows {most}.",
            retry=False,
            code="embed_fields_too_many",
            count=len(embed.fields),
            most=limits.EMBED_FIELDS.most,
        )
    if any(not (field.name or "").strip() or not (field.value or "").strip() for field in embed.fields):
        raise JobFailed(
            "Each entry in `fields` needs a `name` and a `value`.", retry=False, code="embed_field_incomplete"
        )
    addresses = (
        embed.url,
        embed.image.url,
        embed.thumbnail.url,
        embed.author.url,
        embed.author.icon_url,
        embed.footer.icon_url,
    )
    for address in addresses:
        if address and not _ADDRESS.match(str(address)):
            raise JobFailed(
                "“{address}” isn't an address that Discord accepts. Start it with https://.",
                retry=False,
                code="embed_address_unusable",
                address=str(address)[:60],
            )


def expect_texts(
    guild: discord.Guild,
    text: Any,
    most: int,
    where: str,
    *,
    before: str = "",
    blank: bool = False,
    silent: bool = False,
) -> None:
    """Raise JobFailed if any of a text's turns would be too long, or empty; for a job's check.

    Parameters:
        guild: The guild that variables such as ``{members}`` are about.
        text: What somebody wrote.
        most: How many characters Discord accepts.
        where: What the text is, for the error's sentence, such as ``message``.
        before: What the job writes before it, such as a ping.
        blank: Whether it may be empty.
        silent: Whether ``@silent`` at its beginning is no part of it; see `silenced`.
    """
    for each in turns_of(guild, text):
        said = unsilenced(each)[0] if silent else each
        fitting(before + said, most, where)
        if not blank and not said.strip():
            raise JobFailed(
                "The {where} is empty.", retry=False, code="text_empty", where=limits.part_called(where)
            )


def turns_of(guild: discord.Guild, text: Any) -> list[str]:
    """Return each of a text's turns with its variables filled in; raises JobFailed for an unknown variable.

    Parameters:
        guild: The guild that variables such as ``{members}`` are about.
        text: What somebody wrote.
    """
    facts = _facts(guild)
    try:
        return rendered(str(text), facts)
    except ParameterError as error:
        raise JobFailed(error.message, retry=False) from error


def _facts(guild: discord.Guild) -> Facts:
    """Return the values of a text's variables in the current run."""
    run = current_run()
    return facts_of(
        guild,
        timezone=run.timezone,
        number=run.number,
        now=instants.now(),
        scheduled_at=run.scheduled_at,
        starts=run.of,
    )


def silenced(text: str) -> tuple[str, bool]:
    """Return a message's text without ``@silent`` at its beginning, and whether to post it silently.

    Discord's client does the same with what a person types.

    Parameters:
        text: The text, with its variables filled in.
    """
    return unsilenced(text)


def turn_for(text: Any, *, shuffled: bool = False) -> str:
    """Return the one of several texts whose turn it is in the current run, without variables filled in.

    Parameters:
        text: What somebody wrote.
        shuffled: Whether several texts are used in a random order instead of their own.
    """
    run = current_run()
    return turn(str(text), run.number, shuffled=shuffled, seed=run.job_id or "")


def text_for(guild: discord.Guild, text: Any, *, shuffled: bool = False) -> str:
    """Return the text for the current run, with its variables filled in.

    A text that holds several texts, separated by lines of ``---``, uses one of them in each run.

    Parameters:
        guild: The guild that variables such as ``{members}`` are about.
        text: What somebody wrote.
        shuffled: Whether several texts are used in a random order instead of their own.
    """
    try:
        return render(turn_for(text, shuffled=shuffled), _facts(guild))
    except ParameterError as error:
        raise JobFailed(error.message, retry=False) from error
