"""What only a person can try in Discord's client: each step is asked for, and can be skipped."""

from __future__ import annotations

import discord

from bot.first_day.assumption import Assumption, assumes
from bot.first_day.findings import Differs, NotTried, expect
from bot.first_day.place import MARK
from bot.first_day.terminal import is_yes
from bot.first_day.visit import Visit

_COMMANDS = "/interactions/application-commands"
_CODES = "/topics/opcodes-and-status-codes#json-json-error-codes"
_SECONDS = 900.0
_SKIPPED = "skipped by the person"
_UNREACHABLE = (50007, 50278)


async def _done(visit: Visit, text: str) -> None:
    """Ask a person to do something; raises NotTried if they skip it."""
    if not await visit.person.asked(f"{text}\nThen type `done` and Enter, or only Enter to skip."):
        raise NotTried(_SKIPPED)


async def _answer(visit: Visit, text: str) -> bool:
    """Ask a person a question; raises NotTried if they skip it."""
    answer = await visit.person.asked(f"{text}\nType `yes` or `no` and Enter, or only Enter to skip.")
    if not answer:
        raise NotTried(_SKIPPED)
    return is_yes(answer)


# Read as: the code, what we assume, where it matters, its documentation, the question, the assumed answer.
_SEEN = (
    (
        "people.not_for_members",
        "A member without permissions doesn't see `/schedule`",
        "who may schedule",
        f"{_COMMANDS}#permissions",
        "With a second account that has no permissions: type /schedule in this server. Is it offered?",
        False,
    ),
    (
        "people.role_under_integrations",
        "A role that is added under Integrations sees `/schedule`",
        "`/schedule setup` says so when roles are picked",
        f"{_COMMANDS}#permissions",
        "Give that account a role, and add the role under Server Settings → Integrations → this app. "
        "Is /schedule offered now?",
        True,
    ),
    (
        "people.setup_opens",
        "`/schedule setup` opens after its alert channel was deleted",
        "selects with a default",
        "/components/reference#channel-select",
        "Run /schedule setup, choose an alert channel, delete that channel, and run /schedule setup again. "
        "Does it open?",
        True,
    ),
    (
        "people.forum_form_opens",
        "The form of a forum's job opens in a text channel",
        "selects with a default",
        "/components/reference#channel-select",
        "In a text channel, run /schedule create with the job “Open a post in a forum”. Does its form open?",
        True,
    ),
    (
        "people.user_install",
        "Somebody who installs the app for themselves can use `/remind me` in direct messages",
        "reminders without a server",
        "/resources/application#installation-context",
        "Install the app for your own account (Installation → User Install), and run /remind me in its "
        "direct messages. Does it answer?",
        True,
    ),
)  # fmt: skip


def _seen(code: str, says: str, matters: str, source: str, question: str, *, wanted: bool) -> Assumption:
    @assumes(code, says, matters, source, seconds=_SECONDS)
    async def check(visit: Visit) -> str:
        answer = await _answer(visit, question)
        said = "yes" if answer else "no"
        expect(answer is wanted, f"the person says {said}")
        return f"the person says {said}"

    return check


@assumes(
    "people.click_arrives",
    "A command that a person runs arrives, and is answered within 3 seconds",
    "everything on Discord",
    "/interactions/receiving-and-responding",
    seconds=_SECONDS,
)
async def _click_arrives(visit: Visit) -> str:
    arrived: list[discord.Interaction] = []

    async def on_interaction(interaction: discord.Interaction) -> None:
        if interaction.guild_id == visit.guild_id:
            arrived.append(interaction)

    visit.bot.add_listener(on_interaction)
    try:
        await _done(visit, "Run /schedule status in this server.")
        if not arrived:
            raise Differs("no interaction arrived")
        await visit.until(arrived[0].response.is_done, "the bot's answer")
    finally:
        visit.bot.remove_listener(on_interaction)
    return "arrived and answered"


def _closed(code: str, says: str, step: str, undo: str) -> Assumption:
    @assumes(code, says, "reminders and send_dm", _CODES, seconds=_SECONDS)
    async def check(visit: Visit) -> str:
        person = visit.someone()
        path = "/users/@me/channels"
        opened = await visit.ask("POST", path, json={"recipient_id": str(person)})
        await _done(visit, step)
        visit.place.direct_channels.add(int(opened["id"]))
        try:
            return await visit.refused(
                _UNREACHABLE,
                "POST",
                "/channels/{channel_id}/messages",
                json={"content": f"{MARK}: this should not arrive"},
                channel_id=opened["id"],
            )
        finally:
            await visit.person.asked(f"{undo} Then press Enter.")

    return check


@assumes(
    "people.lock_keeps_foreign_bits",
    "A lock keeps a permission in a channel that the bot doesn't have itself, and so does its end",
    "lockdown_channel, unlock_channel",
    "/resources/channel#edit-channel-permissions",
    seconds=_SECONDS,
)
async def _lock_keeps_foreign_bits(visit: Visit) -> str:
    channel = await visit.place.text("foreign")
    await visit.known(channel)
    await _done(
        visit,
        f"In the channel #{MARK}-foreign, allow *Mention @everyone* for @everyone "
        "(Edit Channel → Permissions).",
    )
    bit = discord.Permissions(mention_everyone=True).value

    async def allowed() -> int:
        found = await visit.ask("GET", "/channels/{channel_id}", channel_id=channel)
        return next(
            (
                int(item["allow"])
                for item in found["permission_overwrites"]
                if str(item["id"]) == str(visit.guild_id)
            ),
            0,
        )

    if not await allowed() & bit:
        raise NotTried("the permission was not set")
    for method in ("lockdown_channel", "unlock_channel"):
        await visit.run_job(method, {"channel_id": str(channel)})
        expect(bool(await allowed() & bit), f"it is gone after {method}")
    return "kept"


ASSUMPTIONS = (
    _click_arrives,
    *(_seen(*row[:5], wanted=row[5]) for row in _SEEN),
    _lock_keeps_foreign_bits,
    _closed(
        "people.closed_direct_messages",
        "A post to somebody with closed direct messages is refused with 50007 or 50278",
        "Close your direct messages for this server (server's menu → Privacy Settings → Direct Messages).",
        "Open them again.",
    ),
    _closed(
        "people.blocked",
        "A post to somebody who blocked the bot is refused with 50007 or 50278",
        "Block the bot (its profile → ⋯ → Block).",
        "Unblock it.",
    ),
)
