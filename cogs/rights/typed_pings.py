"""What somebody typed into a job's texts that doesn't ping as it looks. Pure over discord.py's objects.

A message pings the people and roles that its text mentions, as far as its author may ping them; @everyone and
@here only by the parameter for them, whose right is checked. So that nobody relies on a ping that doesn't
come, the card says so before a job is saved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import discord

from cogs.language import t, translated
from cogs.rights.rights import Channel, channels_of, may_ping_any_role, pinged_roles
from schedulezero.compose.typed_text import Code, Directory, Finding, as_sent, typed_roles
from schedulezero.methods.nested_texts import texts_in
from schedulezero.methods.parameters import Kind
from schedulezero.methods.permission_names import permission_words
from schedulezero.methods.spec import MethodSpec

_TYPED = re.compile(r"@(?:everyone|here)\b|<@&\d+>")
_ASKING = ("everyone", "ping", "role_id", "role_ids")
"""The parameters that ask for a ping."""
_MOST_SAID = 4
_MOST_READ = 20_000
"""Characters of a list of texts. Looking up names takes time, and the card is shown after each change."""


def typed_ping_cautions(
    spec: MethodSpec,
    params: Mapping[str, Any],
    member: discord.Member,
    directory: Directory,
    known: Mapping[int, Channel],
) -> list[str]:
    """Return what a reader of the card should know about the mentions in a job's texts, at most a few.

    Parameters:
        spec: The job's method.
        params: Its parameters. A ping that a parameter asks for is no mistake.
        member: Its author.
        directory: The names that its author can mean.
        known: Channels that are not in the cache.
    """
    found = [*_pings_nobody(spec, params), *_not_allowed(spec, params, member, known)]
    for name in mentioning(spec):
        text = params.get(name)
        if isinstance(text, str):
            read = text if len(text) <= _MOST_READ else text[:_MOST_READ].rpartition("\n")[0]
            found += [_said(item) for item in as_sent(read, directory)[1] if item.code is not Code.EVERYONE]
    return list(dict.fromkeys(found))[:_MOST_SAID]


def mentioning(spec: MethodSpec) -> list[str]:
    """Return the parameters whose texts show mentions: long texts, since Discord shows none in titles."""
    parameters = [spec.parameter(name) for name in dict.fromkeys((*spec.variables, *spec.pings))]
    return [item.name for item in parameters if item is not None and item.kind is Kind.LONG_TEXT]


def _pings_nobody(spec: MethodSpec, params: Mapping[str, Any]) -> list[str]:
    """Say which ping, typed where a text alone never pings, pings nobody."""
    asked = {"@everyone", "@here"} if params.get("everyone") or params.get("ping") else set[str]()
    roles: list[Any] = [params.get("role_id"), *(params.get("role_ids") or ())]
    asked |= {f"<@&{role_id}>" for role_id in roles if role_id}
    for name, text in params.items():
        pinging = name in spec.pings
        texts = list(texts_in(text)) if pinging or isinstance(text, str) else []
        for ping in _TYPED.findall("\n".join(texts)):
            if ping in asked or (pinging and typed_roles(ping)):
                continue
            if any(parameter.name in _ASKING for parameter in spec.parameters):
                return [
                    t(
                        "{ping} in the text doesn't ping anyone. To ping a role or everyone, choose it "
                        "in the form.",
                        ping=ping,
                    )
                ]
            return [t("{ping} in the text doesn't ping anyone.", ping=ping)]
    return []


def _not_allowed(
    spec: MethodSpec, params: Mapping[str, Any], member: discord.Member, known: Mapping[int, Channel]
) -> list[str]:
    """Say which roles a text mentions without pinging them: unknown ones, and those that take a right."""
    guild, found = member.guild, list[str]()
    for name in spec.pings:
        typed = typed_roles("\n".join(texts_in(params.get(name))))
        missing = [number for number in typed if not guild.get_role(number)]
        if missing:
            ping = f"`<@&{missing[0]}>`"
            found.append(t("{ping} isn't one of this server's roles, so it doesn't ping anyone.", ping=ping))
    permission = translated(permission_words("mention_everyone"))
    # A webhook pings every role: https://github.com/discord/discord-api-docs/issues/2988
    webhook = any(
        need.permission == "manage_webhooks" and (need.when is None or params.get(need.when))
        for need in spec.needs
    )
    for role in pinged_roles(spec, params, guild):
        for channel in channels_of(spec, params, guild, known) if not role.mentionable else ():
            values = {"role": role.mention, "channel": channel.mention, "permission": permission}
            if not may_ping_any_role(channel, member):
                found.append(
                    t(
                        "{role} is shown but not pinged in {channel}: you don't have *{permission}* there.",
                        **values,
                    )
                )
            elif not webhook and not may_ping_any_role(channel, guild.me):
                found.append(
                    t(
                        "{role} is shown but not pinged in {channel}: give my role *{permission}* there.",
                        **values,
                    )
                )
    return found


def _said(item: Finding) -> str:
    typed = f"`{item.typed}`"
    if item.code is Code.AMBIGUOUS:
        return t(
            "{typed} stays plain text, because the name isn't unique here. Replace it with one of these: "
            "{choices}",
            typed=typed,
            choices=item.near,
        )
    if item.code is Code.UNKNOWN_NAME:
        said = t(
            "{typed} doesn't ping anyone: I can't find a role or person here with this name.", typed=typed
        )
    elif item.code is Code.UNKNOWN_EMOJI:
        said = t("{typed} is posted as text: this server has no such emoji.", typed=typed)
    else:
        said = t("{typed} is posted as text: there is no such channel here.", typed=typed)
    return f"{said} {t('Did you mean {near}?', near=item.near)}" if item.near else said
