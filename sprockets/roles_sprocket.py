"""Role jobs: give and remove roles, permanently or temporarily."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AsyncExitStack, nullcontext
from datetime import datetime, timedelta
from typing import Annotated, Any

import discord
from discord.ext import commands
from pydantic import Field

from schedulezero import instants
from schedulezero.errors import Gone, JobFailed
from schedulezero.handler.steps import step
from schedulezero.instants import from_iso
from schedulezero.methods.members import member_of
from schedulezero.methods.spec import Need
from schedulezero.methods.typed import Duration, GuildId, MemberIds, RoleId, job
from schedulezero.sentences import Sentence, all_in_a_row, read_sentence
from sprockets.kit.asking import REASON, asking_discord, refused_with
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.follow_up import (
    call_off,
    debt_about,
    end_after,
    follow_up,
    owed,
    replaced,
    waiting,
    was_over,
)
from sprockets.kit.lookups import guild_of, not_here, role_of
from sprockets.kit.making import making, never_made
from sprockets.kit.results import success
from sprockets.kit.several import PEOPLE, partly
from sprockets.kit.turns import turn

_MOST_LOOKED_AT = 1000  # entries of the audit log


@job(needs=(Need("manage_roles", role="role_id"),), resumable=True)
async def add_role_scheduled(
    bot: commands.Bot, guild_id: GuildId, user_ids: MemberIds, role_id: RoleId
) -> dict[str, Any]:
    """Give people a role.

    Params:
        guild_id: The server
        user_ids: Who gets it
        role_id: Which role
    """
    return await _change_role(
        bot, _role_to_manage(bot, guild_id, role_id), user_ids, give=True, for_good=True
    )


@job(needs=(Need("manage_roles", role="role_id"),), resumable=True)
async def remove_role_scheduled(
    bot: commands.Bot, guild_id: GuildId, user_ids: MemberIds, role_id: RoleId
) -> dict[str, Any]:
    """Remove a role from people.

    Params:
        guild_id: The server
        user_ids: Who loses the role
        role_id: Which role
    """
    debt = await owed(bot)
    if debt is not None:
        # What was never given isn't taken back: whoever has it now has it from somebody else.
        owing = [] if never_made(debt) else user_ids
        return await _take_back(bot, guild_of(bot, guild_id), owing, role_id, from_iso(debt.since))
    role = _role_to_manage(bot, guild_id, role_id)
    return await _change_role(bot, role, user_ids, give=False, for_good=True)


@job(needs=(Need("manage_roles", role="role_id"),), resumable=True)
async def give_role_for(
    bot: commands.Bot,
    guild_id: GuildId,
    user_ids: MemberIds,
    role_id: RoleId,
    lasts: Annotated[Duration, Field(ge=timedelta(minutes=1), le=timedelta(days=730))],
) -> dict[str, Any]:
    """Give people a role temporarily.

    Params:
        guild_id: The server
        user_ids: Who gets it
        role_id: Which role
        lasts: How long they keep it. Anyone who already had the role keeps it
    """
    role, ends = _role_to_manage(bot, guild_id, role_id), end_after(lasts)
    if ends <= instants.now():
        return success(was_over(ends))

    async def look(_: dict[str, Any]) -> dict[str, Any]:
        return {"people": [await _look_at(bot, role, item) for item in dict.fromkeys(user_ids)]}

    # Checked once per run: after a crash, people may have the role because this run gave it to them.
    people = (await step("look", look))["people"]
    borrowers = [person for person in people if not person["keeps"]]
    if not borrowers:
        return success(
            Sentence(
                "Everyone already had {role} permanently, so they keep it.",
                "role_kept_by_all",
                role=role.name,
            )
        )
    until = ""
    for person in borrowers:
        taking = {"guild_id": str(guild_id), "user_ids": [person["id"]], "role_id": str(role_id)}
        name = Sentence(
            "Remove the role {role} from {person}",
            "ending_takes_role",
            role=role.name,
            person=person["name"],
        )
        about = _lent(role_id, int(person["id"]))
        stands = person.get("has", True)
        after = await follow_up(bot, about, "remove_role_scheduled", taking, ends, name, stands=stands)
        until = after["at"]
    keep = len(people) - len(borrowers)
    lent = {int(person["id"]) for person in borrowers if person.get("has", True)}
    given = await _change_role(
        bot, role, [int(person["id"]) for person in borrowers], give=True, for_good=False, lent=lent
    )
    said = all_in_a_row(
        read_sentence(given, "message"),
        Sentence("Until {until}.", "lasts_until", until=until),
        Sentence("{count} already had it permanently and will keep it.", "role_kept_by", count=keep)
        if keep
        else None,
    )
    return {**given, **success(said)}


async def _look_at(bot: commands.Bot, role: discord.Role, user_id: int) -> dict[str, Any]:
    """Return who somebody is, and whether they have a role other than temporarily."""
    try:
        async with asking_discord(
            Sentence("look up the roles of member {user_id}", "doing_see_roles", user_id=user_id)
        ):
            member = await _member(role.guild, user_id)
            has, about = role in member.roles, _lent(role.id, user_id)
            debt = await debt_about(bot, about)
            lent = debt is not None or await waiting(bot, about) is not None
            if has and debt is not None and await _given_by_hand(role, user_id, from_iso(debt.since)):
                lent = False  # given for good since the loan, whose end leaves it
    except Gone:
        return {"id": str(user_id), "name": str(user_id), "keeps": False, "has": False}
    return {"id": str(user_id), "name": member.display_name, "keeps": has and not lent, "has": has}


def _lent(role_id: int, user_id: int) -> str:
    """Return the follow-up's ``about`` for the removal."""
    return f"role:{role_id}:{user_id}"


async def _member(guild: discord.Guild, user_id: int) -> discord.Member:
    return await member_of(guild, user_id)


def _role_to_manage(bot: commands.Bot, guild_id: int, role_id: int) -> discord.Role:
    """Return the role with that id. Raises JobFailed if there is none, or if the bot can't manage it."""
    guild = guild_of(bot, guild_id)
    role = role_of(guild, role_id)
    if role.is_default():
        raise JobFailed(
            "@everyone can't be assigned or removed: every member has it.",
            retry=False,
            code="role_of_everyone",
        )
    if role.managed:
        raise JobFailed(
            "{name} can't be assigned or removed: an integration manages it.",
            retry=False,
            code="role_managed",
            name=role.name,
        )
    if role >= guild.me.top_role:
        raise JobFailed(
            "I can't manage the role {name}. Move my own role above it in the server settings.",
            retry=False,
            code="role_above_mine",
            name=role.name,
        )
    return role


async def _take_back(
    bot: commands.Bot, guild: discord.Guild, user_ids: list[int], role_id: int, since: datetime
) -> dict[str, Any]:
    """Take a role back that was given for a while, unless that is so already or somebody gave it for good."""
    if guild.get_role(role_id) is None:
        return success(
            Sentence("The role no longer exists, so there is nothing to remove.", "role_gone_not_taken")
        )
    role = _role_to_manage(bot, guild.id, role_id)
    bearers: list[int] = []
    async with AsyncExitStack() as turns:
        for user_id in sorted(set(user_ids)):
            await turns.enter_async_context(turn(_lent(role_id, user_id)))
            if await replaced(bot, _lent(role_id, user_id)):
                continue  # given anew
            try:
                async with asking_discord(
                    Sentence("look up the roles of member {user_id}", "doing_see_roles", user_id=user_id)
                ):
                    member = await member_of(guild, user_id)
                    if role in member.roles and not await _given_by_hand(role, user_id, since):
                        bearers.append(user_id)
            except Gone:
                continue  # left, and the role with them
        if bearers:
            return await _change_role(bot, role, bearers, give=False, for_good=False, in_turn=True)
    return success(
        Sentence(
            "There was nothing to remove: {role} is as it should be.",
            "role_nothing_to_take",
            role=role.name,
        )
    )


async def _given_by_hand(role: discord.Role, user_id: int, since: datetime) -> bool:
    """Return whether the audit log shows that somebody else gave the role since then; False if unreadable."""
    guild = role.guild
    if not guild.me.guild_permissions.view_audit_log:
        return False
    action = discord.AuditLogAction.member_role_update
    async for entry in guild.audit_logs(action=action, limit=_MOST_LOOKED_AT, after=since):
        if entry.user_id == guild.me.id or entry.target is None or entry.target.id != user_id:
            continue
        if role.id in {item.id for item in getattr(entry.after, "roles", ())}:
            return True
    return False


async def _change_role(
    bot: commands.Bot,
    role: discord.Role,
    user_ids: list[int],
    *,
    give: bool,
    for_good: bool,
    in_turn: bool = False,
    lent: Collection[int] = (),
) -> dict[str, Any]:
    """Give people a role or take it.

    Parameters:
        bot: the bot.
        role: the role.
        user_ids: the people.
        give: whether to give it.
        for_good: whether that stays, so that the end of an earlier loan doesn't count any more.
        in_turn: whether the caller has the turns of all of them.
        lent: those who have the role by an earlier loan; they have it also if it can't be given now.
    """
    done: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for user_id in dict.fromkeys(user_ids):

        async def change(_: dict[str, Any], user_id: int = user_id) -> dict[str, Any]:
            about = _lent(role.id, user_id)
            one_at_a_time = nullcontext() if in_turn else turn(about)
            loan = give and not for_good
            noting = making(bot, about, {} if user_id in lent else None) if loan else nullcontext()
            async with (
                one_at_a_time,
                noting,
                asking_discord(
                    Sentence("change the roles of member {user_id}", "doing_change_roles", user_id=user_id)
                ),
            ):
                member = await _member(role.guild, user_id)
                await (member.add_roles if give else member.remove_roles)(role, reason=REASON)
            if for_good:
                # The end of an earlier, temporary grant would undo this decision.
                await call_off(bot, about)
            return {"user_id": str(user_id)}

        try:
            done.append(await step(f"member:{user_id}", change))
        except JobFailed as error:
            if error.retry_after is not None:
                raise  # Discord is down: the next attempt doesn't repeat those that are done
            gone = refused_with(error) in (10007, 10013)
            reason = not_here(user_id).message if gone else error.message
            failed.append({"user_id": str(user_id), "error": reason})
    return partly(done, failed, PEOPLE)


class RolesSprocket(RegisteringCog):
    """Registers the role jobs."""

    jobs = by_name(add_role_scheduled, remove_role_scheduled, give_role_for)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(RolesSprocket(bot))
