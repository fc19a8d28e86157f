"""The real bot in a simulated guild, with people who act and channels that are watched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import discord
import simcord

from bot.app import ScheduleZeroBot, create_bot
from bot.config import Settings
from bot.demo import WallClock, simulated
from cogs.services import handler_of
from schedulezero.handler import Handler
from tests.text import text_of

SECONDS = 15.0


@dataclass
class World:
    """A guild with a channel, and four people with different rights."""

    env: simcord.Env
    bot: ScheduleZeroBot
    settings: Settings
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    admin: simcord.MemberActor
    moderator: simcord.MemberActor
    plain: simcord.MemberActor
    owner: simcord.MemberActor

    @property
    def handler(self) -> Handler:
        return handler_of(self.bot)

    async def restart_bot(self) -> None:
        """Ends the bot's process, as far as one process can, and starts a new one."""
        await self.bot.close()
        self.bot = create_bot(self.settings)
        simulated(self.bot, self.env)
        self.bot.owner_id = self.owner.id
        await self.env.restart_bot(self.bot)
        await self.ready()

    async def ready(self) -> None:
        """Returns when the server knows the handler with all that it can do."""
        await self.handler.wait_bound()
        await self.handler.refresh()

    async def message_in(self, channel: simcord.ChannelHandle, containing: str = "") -> discord.Message:
        """The newest message of the bot's in a channel with that text; waits until there is one."""
        async with asyncio.timeout(SECONDS):
            while True:
                found = [
                    message
                    for message in channel.history()
                    if message.author.id == self.env.backend.bot_user.id
                    and not message.flags.ephemeral
                    and containing in message.content + "".join(str(e.to_dict()) for e in message.embeds)
                ]
                if found:
                    return found[-1]
                await asyncio.sleep(0.02)

    async def draft(
        self,
        who: simcord.MemberActor,
        job: str,
        values: dict[str, Any],
        when: str,
        **options: str,
    ) -> simcord.InteractionResult:
        """Fills the form of ``/schedule create`` and returns what follows: the preview."""
        shown = await who.slash(self.channel, "schedule create", job=job, **options)
        assert shown.modal is not None, said(shown)
        filled = {f"p:{name}": value for name, value in values.items()}
        return await who.submit_modal(shown, {**filled, "when": when})

    async def create(
        self, who: simcord.MemberActor, job: str, values: dict[str, Any], when: str, **options: str
    ) -> str:
        """Schedules a job by the whole path and returns its id."""
        preview = await self.draft(who, job, values, when, **options)
        assert preview.response is not None
        await who.click(preview.response, label="Confirm")
        text = text_of(preview.response)
        assert "Scheduled" in text, text
        return button_target(preview.response, "Run now")

    async def run(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Calls a job method over the wire, as the server would, and returns the answer."""
        from tests.peers import tell

        payload = discord.utils._to_json({"method": method, "params": params}).encode()
        answer = await asyncio.to_thread(tell, self.handler.address, payload, seconds=SECONDS)
        await self.env.settle()
        return answer


def button_target(message: Any, label: str) -> str:
    """The last part of the custom id of a message's button: the id that it is about."""
    for component in _walk(message.components):
        if component.get("label") == label:
            return component["custom_id"].rsplit(":", 1)[1]
    raise AssertionError(f"no button {label!r} in {message.components}")


def custom_id(message: Any, part: str) -> str:
    """The one custom id of a message that contains a part, such as ``draft:edit`` or ``.when``."""
    found = [
        item["custom_id"] for item in _walk(message.components) if part in str(item.get("custom_id", ""))
    ]
    assert len(found) == 1, f"{part!r} is in {found}"
    return found[0]


async def press(who: simcord.MemberActor, message: Any, part: str) -> simcord.InteractionResult:
    """Clicks the one button of a message whose custom id contains a part."""
    return await who.click(message, custom_id=custom_id(message, part))


async def pick(
    who: simcord.MemberActor, message: Any, part: str, values: list[Any]
) -> simcord.InteractionResult:
    """Picks in the one select of a message whose custom id contains a part."""
    return await who.select(message, values, custom_id=custom_id(message, part))


def labels(message: Any, *, enabled: bool = True) -> list[str]:
    """The labels of a message's buttons; only those that can be clicked, unless asked for all."""
    return [
        component["label"]
        for component in _walk(message.components)
        if component.get("type") == 2 and not (enabled and component.get("disabled"))
    ]


def said(result: simcord.InteractionResult) -> str:
    """All that an interaction was answered, as text."""
    answers = [result.response, *result.followups]
    return "\n".join(text_of(answer) for answer in answers if answer is not None)


def _walk(components: Any) -> Any:
    for component in components or ():
        data = component if isinstance(component, dict) else component.to_dict()
        yield data
        yield from _walk(data.get("components"))
        if isinstance(data.get("accessory"), dict):
            yield from _walk([data["accessory"]])


@asynccontextmanager
async def a_world(settings: Settings) -> AsyncIterator[World]:
    """Builds the world around a new bot, and takes it down again."""
    bot = create_bot(settings)
    env = simcord.Env(bot, settle_timeout=SECONDS)
    simulated(bot, env)
    env.backend.clock = WallClock()  # type: ignore[assignment]
    try:
        await env.start()
        built = await _furnish(env, bot, settings)
        yield built
        bot = built.bot
        env.raise_errors()
    finally:
        await bot.close()
        await env.shutdown()


async def _furnish(env: simcord.Env, bot: ScheduleZeroBot, settings: Settings) -> World:
    bot_owner = env.create_user("bot-owner")
    bot.owner_id = bot_owner.id
    guild = env.create_guild("Moonbase", owner=bot_owner)
    permissions = discord.Permissions
    admins = guild.create_role("Admins", permissions=permissions(administrator=True))
    moderators = guild.create_role("Moderators", permissions=permissions(manage_guild=True))
    owner = guild.add_member(bot_owner, roles=[admins])
    built = World(
        env=env,
        bot=bot,
        settings=settings,
        guild=guild,
        channel=guild.create_text_channel("general"),
        admin=guild.add_member(env.create_user("ada"), roles=[admins]),
        moderator=guild.add_member(env.create_user("mo"), roles=[moderators]),
        plain=guild.add_member(env.create_user("pia")),
        owner=owner,
    )
    await env.settle()
    await built.ready()
    return built
