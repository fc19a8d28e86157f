"""``doctor``'s Discord checks: token, shards, logins, intents, permissions, and problems of single jobs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable

import aiohttp
import discord

from bot.config import Settings
from bot.health.unreachable import why_unreachable
from bot.pace.session_starts import RESERVE, SessionStarts, fetch_starts
from bot.sprocket_specs import specs_of_sprockets
from bot.token_form import UNUSABLE, how_it_differs, is_sendable
from cogs.health import Check
from cogs.language import speaking
from cogs.rights.channels import SeenChannels
from cogs.rights.permissions import invite, lacking, wanted
from cogs.rights.rights import Channel, problems
from cogs.rights.two_factor import two_factor_caution
from schedulezero.client.client import Client
from schedulezero.client.dialect import JobQuery
from schedulezero.errors import ClientError
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import JobState
from sprockets.kit.content import reads_content

_MOST_GUILDS = 50
_MOST_TOLD = 3
_CHANNEL = re.compile(r"<#(\d+)>")


async def checks_on_discord(settings: Settings, token: str, server: Client | None) -> AsyncIterator[Check]:
    """Log in and yield the checks that need Discord.

    Parameters:
        settings: The bot's settings.
        token: Discord's token.
        server: A client of the server, which knows the jobs; None if it isn't running.
    """
    if not token:
        remedy = "Set DISCORD_TOKEN to the token from https://discord.com/developers/applications."
        yield Check("token", False, "DISCORD_TOKEN is not set", remedy)
        return
    if not is_sendable(token):
        remedy = "Copy it again from https://discord.com/developers/applications, under Bot."
        yield Check("token", False, f"DISCORD_TOKEN does not look like a token: {UNUSABLE}", remedy)
        return
    client = discord.Client(intents=discord.Intents(guilds=True))  # without this intent discord.py warns
    try:
        await client.login(token)
        assert client.user is not None
        yield Check("token", True, f"accepted; the bot is {client.user}")
        starts = await fetch_starts(client.http)
        yield _shards(settings, starts)
        yield _sessions(settings, starts)
        async for check in discord_checks(settings, client, server):
            yield check
    except discord.LoginFailure:
        remedy = "Copy it again from https://discord.com/developers/applications, under Bot."
        yield Check("token", False, "Discord does not accept it", remedy + how_it_differs(token))
    except discord.HTTPException as error:
        yield Check("token", False, f"Discord answered with status {error.status}", "Try again in a moment.")
    except (aiohttp.ClientError, OSError) as error:
        said = f"Discord can't be reached ({why_unreachable(error)})"
        yield Check("token", False, said, "Check the network and try again." + how_it_differs(token))
    finally:
        await client.close()


def _shards(settings: Settings, starts: SessionStarts) -> Check:
    """Check the configured number of shards; without one, the bot opens as many as Discord recommends."""
    few = settings.shards is not None and settings.shards < starts.shards // 2
    return Check(
        "shards",
        not few,
        f"Discord recommends {starts.shards}" + (f"; set are {settings.shards}" if settings.shards else ""),
        "Raise `shards`, to the same number in all clusters; with too few Discord closes with code 4011.",
    )


def _sessions(settings: Settings, starts: SessionStarts) -> Check:
    """Check whether the bot may start all its sessions without touching the reserve."""
    return Check(
        "logins",
        starts.spare(settings.shards or starts.shards),
        f"{starts.remaining} of {starts.total} are left today",
        f"The bot waits until Discord renews them, and never touches the last {RESERVE}. Look in its log why "
        "it started so often.",
    )


async def discord_checks(
    settings: Settings, client: discord.Client, server: Client | None
) -> AsyncIterator[Check]:
    """Yield the checks of a logged-in bot: intents, and for each guild its permissions and its jobs."""
    application = await client.application_info()
    granted = reads_content(application.flags)
    yield Check(
        "intents",
        granted or not settings.message_content,
        "Message Content is " + ("granted" if granted else "not granted")
        + (", and needed" if settings.message_content else ", and not needed"),
        "Switch on Message Content in the developer portal, or set `message_content: false`.",
    )  # fmt: skip
    if ungranted := _ungranted(settings, application.flags):
        yield Check(
            "intents",
            False,
            f"not granted, and in `intents`: {', '.join(ungranted)}",
            "Switch them on in the developer portal under Bot, or remove them from `intents`.",
        )
    yield Check(
        "user install",
        True,
        "on: people can add the app to themselves and use /remind everywhere"
        if application.user_integration_config is not None
        else "off: /remind works in servers that the bot is in; to change that, switch on User Install in "
        "the developer portal under Installation",
    )
    assert client.user is not None
    specs = specs_of_sprockets(settings.sprockets)
    needed, link = wanted(specs), invite(client.user.id, specs)
    count = 0
    async for partial in client.fetch_guilds(limit=_MOST_GUILDS):
        count += 1
        guild = await client.fetch_guild(partial.id)
        me = await guild.fetch_member(client.user.id)
        absent = lacking(me.guild_permissions, needed)
        said = ", ".join(
            f"{name.replace('_', ' ')}{f' ({needed[name][0].name})' if needed[name] else ''}"
            for name in absent
        )
        yield Check(
            f"permissions in {guild.name}",
            not absent,
            "complete" if not absent else f"lacking {said}",
            f"Give the bot's role these permissions in the server's settings, or invite it again: {link}",
        )
        if (caution := two_factor_caution(guild, specs)) is not None:
            yield Check(
                f"two-factor authentication in {guild.name}",
                True,
                caution,
            )
        if server is not None:
            yield await _jobs(client, server, guild, me, specs)
    if count == 0:
        yield Check(
            "guilds",
            False,
            "the bot is in no server",
            f"Invite it: {link}",
        )


def _ungranted(settings: Settings, flags: discord.ApplicationFlags) -> list[str]:
    """Return the privileged intents that the settings ask for and that the application doesn't have."""
    granted = {
        "members": flags.gateway_guild_members or flags.gateway_guild_members_limited,
        "presences": flags.gateway_presence or flags.gateway_presence_limited,
        "message_content": reads_content(flags),
    }
    return [name for name in settings.intents if not granted.get(name, True)]


async def _jobs(
    client: discord.Client,
    server: Client,
    guild: discord.Guild,
    me: discord.Member,
    specs: Iterable[MethodSpec],
) -> Check:
    """Check whether the bot has the permissions for a guild's scheduled jobs, channel by channel."""
    channels: dict[int, Channel] = {item.id: item for item in await guild.fetch_channels()}
    channels |= {thread.id: thread for thread in await guild.active_threads()}
    seen = SeenChannels(client, guild, known=channels)
    by_name = {spec.name: spec for spec in specs}
    against: list[str] = []
    count = 0
    try:
        async for job in server.all_jobs(str(guild.id), JobQuery(state=JobState.ACTIVE)):
            count += 1
            spec = by_name.get(job.method)
            if spec is None:
                continue  # its sprocket is loaded by hand; the server reports it if it isn't
            known = await seen.of(spec, job.params)
            with speaking("en"):
                found = problems(spec, job.params, guild, None, known=known, me=me)
            against += [f"“{job.title}”: {text}" for text in found[:1]]
    except ClientError as error:
        return Check(f"jobs in {guild.name}", True, f"not looked at ({error.message})")
    said = f"{count} scheduled, all may run" if not against else f"{len(against)} of {count} will fail"
    named = [
        _CHANNEL.sub(lambda match: f"#{channels.get(int(match[1]), match[1])}", text) for text in against
    ]
    return Check(f"jobs in {guild.name}", not against, said, " ".join(named[:_MOST_TOLD]))
