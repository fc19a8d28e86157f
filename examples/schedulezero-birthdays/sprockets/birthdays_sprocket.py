"""Birthdays: members say when theirs is; the bot congratulates them and gives them a role for the day."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal, cast
from zoneinfo import ZoneInfo

import discord
from discord.ext import commands
from pydantic import BaseModel, Field

from sprockets.kit import (
    REASON,
    JobFailed,
    LongText,
    MemberId,
    Need,
    RegisteringCog,
    RoleId,
    asking_discord,
    by_name,
    current_run,
    debt_about,
    expect_texts,
    fitting,
    follow_up,
    for_each,
    get,
    guild_of,
    in_channel,
    job,
    mentions,
    on_schedule,
    post,
    put,
    saved,
    settings_of,
    step,
    text_for,
)

NAME = "birthdays"
DATE = "date"
"""The key of a person's own value: month and day."""
AT_ONCE = 40
"""How many people one message congratulates."""


class BirthdaySettings(BaseModel):
    """What each server can set for itself."""

    leap_day: Annotated[
        Literal["28 February", "1 March"],
        Field(description="When a birthday on 29 February is celebrated in other years"),
    ] = "28 February"


# ---------------------------------------------------------------------- what is kept


class Birthdays:
    """The birthdays of a guild.

    Parameters:
        bot: The bot.
        guild: The guild's id; None for that of the current run.
    """

    def __init__(self, bot: commands.Bot, guild: int | None = None) -> None:
        self._bot = bot
        self._guild = guild

    async def of(self, person: int) -> tuple[int, int] | None:
        """Return a person's month and day, or None."""
        found = await get(self._bot, NAME, DATE, person=person, guild=self._guild)
        return (found[0], found[1]) if found else None

    async def save(self, person: int, month: int, day: int) -> None:
        """Save a person's birthday."""
        await put(self._bot, NAME, DATE, [month, day], person=person, guild=self._guild)

    async def forget(self, person: int) -> None:
        """Delete a person's birthday."""
        await put(self._bot, NAME, DATE, None, person=person, guild=self._guild)

    async def on(self, today: date, leap_day: str) -> list[int]:
        """Return those who celebrate on a day."""
        return [
            birthday.person
            for birthday in await saved(self._bot, NAME, DATE, guild=self._guild)
            if birthday.person is not None
            and is_celebrated(birthday.value[0], birthday.value[1], today, leap_day)
        ]


def is_celebrated(month: int, day: int, today: date, leap_day: str) -> bool:
    """Return whether a birthday is celebrated today."""
    if (month, day) == (2, 29) and not calendar.isleap(today.year):
        month, day = (2, 28) if leap_day == "28 February" else (3, 1)
    return (today.month, today.day) == (month, day)


# ----------------------------------------------------------------------------- jobs


@on_schedule("every day at 9")
@job(
    needs=(*in_channel("where", "send_messages"), Need("manage_roles", role="role", when="role")),
    variables=("message",),
    resumable=True,
    time_limit=timedelta(minutes=10),
)
async def congratulate(
    bot: commands.Bot,
    where: discord.TextChannel,
    role: discord.Role | None = None,
    message: Annotated[LongText, Field(max_length=1000)] = "Happy birthday!",
) -> dict[str, Any]:
    """Congratulate those whose birthday it is.

    Params:
        where: Where to congratulate
        role: Role for the day
        message: The congratulation
    """
    run, guild = current_run(), where.guild
    zone = ZoneInfo(run.timezone)
    today = run.scheduled_at.astimezone(zone).date()
    settings = await settings_of(bot, NAME, BirthdaySettings, str(guild.id))

    async def look(_: dict[str, Any]) -> dict[str, Any]:
        people = await Birthdays(bot).on(today, settings.leap_day)
        return {"people": [str(person) for person in people if await _member(guild, person) is not None]}

    people = [int(person) for person in (await step("people", look))["people"]]
    result: dict[str, Any] = {"success": True, "people": len(people)}
    for begin in range(0, len(people), AT_ONCE):
        pinged = " ".join(f"<@{person}>" for person in people[begin : begin + AT_ONCE])
        text = fitting(f"{pinged}\n{text_for(guild, message)}", 2000, "message")
        result |= await post(
            where, f"#{where.name}", content=text, allowed_mentions=mentions(pinged), key=f"post:{begin}"
        )
    end = datetime.combine(today + timedelta(days=1), time(), zone).astimezone(UTC)
    if role is None or end <= run.begun_at:
        return result

    async def give(person: int) -> dict[str, Any]:
        return await _give(bot, person, role, end)

    for given in await for_each(people, give):
        if isinstance(given, JobFailed):
            raise given
    return result


async def _give(bot: commands.Bot, person: int, role: discord.Role, end: datetime) -> dict[str, Any]:
    """Give a role until an instant, unless the person has it anyway."""

    async def look(_: dict[str, Any]) -> dict[str, Any]:
        member = await _member(role.guild, person)
        return {"give": member is not None and role not in member.roles}

    async def give(_: dict[str, Any]) -> dict[str, Any]:
        member = await _member(role.guild, person)
        if member is not None:
            async with asking_discord(f"give {member.display_name} the role {role.name}"):
                await member.add_roles(role, reason=REASON)
        return {"given": member is not None}

    if not (await step(f"look:{person}", look))["give"]:
        return {"given": False}
    params = {"person_id": str(person), "role_id": str(role.id)}
    await follow_up(bot, _about(person, role.id), "end_birthday", params, end, "The end of a birthday")
    return await step(f"give:{person}", give)


@congratulate.check
async def _check(bot: commands.Bot, where: discord.TextChannel, message: str = "", **_: Any) -> None:
    """Refuse a congratulation that would be empty or too long."""
    expect_texts(where.guild, message, 1000, "message")


@job(needs=(Need("manage_roles", role="role_id"),), resumable=True, internal=True)
async def end_birthday(bot: commands.Bot, person_id: MemberId, role_id: RoleId) -> dict[str, Any]:
    """Take a birthday's role away again.

    Params:
        person_id: Whose birthday it was
        role_id: The role for the day
    """
    guild_id = current_run().guild_id
    debt = await debt_about(bot, _about(person_id, role_id))
    if guild_id is None or debt is None or debt.job_id != current_run().job_id:
        return {"success": True, "taken": False}
    guild = guild_of(bot, int(guild_id))
    role, member = guild.get_role(role_id), await _member(guild, person_id)
    if role is None or member is None or role not in member.roles:
        return {"success": True, "taken": False}
    async with asking_discord(f"take the role {role.name} from {member.display_name}"):
        await member.remove_roles(role, reason=REASON)
    return {"success": True, "taken": True}


def _about(person: int, role: int) -> str:
    """Return what the end of a birthday is about."""
    return f"birthday:{person}:{role}"


async def _member(guild: discord.Guild, person: int) -> discord.Member | None:
    """Return a member in their current state, or None if the person has left."""
    async with asking_discord("look up a member"):
        try:
            return await guild.fetch_member(person)
        except discord.NotFound:
            return None


# ------------------------------------------------------------------------- buttons


@job(needs=in_channel("where", "send_messages"), resumable=True)
async def ask_for_birthdays(
    bot: commands.Bot,
    where: discord.TextChannel,
    message: Annotated[LongText, Field(max_length=1000)] = "When is your birthday? I need no year.",
) -> dict[str, Any]:
    """Ask for birthdays: post buttons with which members say when theirs is.

    Params:
        where: Where to ask
        message: What to write above the buttons
    """
    return await post(where, f"#{where.name}", content=message, view=_cog_of(bot).buttons)


class BirthdayForm(discord.ui.Modal, title="Your birthday"):
    """Asks a member for their month and day."""

    month = discord.ui.Label(
        text="Month",
        component=discord.ui.Select[Any](
            custom_id="month",
            options=[
                discord.SelectOption(label=calendar.month_name[number], value=str(number))
                for number in range(1, 13)
            ],
        ),
    )
    day = discord.ui.Label(
        text="Day",
        component=discord.ui.TextInput[Any](custom_id="day", max_length=2, placeholder="1 to 31"),
    )

    def __init__(self, bot: commands.Bot) -> None:
        super().__init__()
        self._bot = bot

    async def on_submit(self, interaction: discord.Interaction) -> None:
        month = int(cast("discord.ui.Select[Any]", self.month.component).values[0])
        text = cast("discord.ui.TextInput[Any]", self.day.component).value
        try:
            born = date(2000, month, int(text))  # a leap year
        except ValueError:
            await _answer(interaction, f"{calendar.month_name[month]} has no day “{text}”. Try again.")
            return
        try:
            birthdays = Birthdays(self._bot, interaction.guild_id)
            await birthdays.save(interaction.user.id, born.month, born.day)
        except JobFailed as error:
            await _answer(interaction, str(error))
            return
        await _answer(interaction, f"Your birthday is on {_words(born.month, born.day)}.")


class BirthdayButtons(discord.ui.View):
    """Lets members enter, see and delete their own birthday, also after the bot was restarted."""

    def __init__(self, bot: commands.Bot) -> None:
        super().__init__(timeout=None)
        self._bot = bot

    @discord.ui.button(label="Enter it", style=discord.ButtonStyle.primary, custom_id="birthdays:enter")
    async def enter(self, interaction: discord.Interaction, _: discord.ui.Button[Any]) -> None:
        await interaction.response.send_modal(BirthdayForm(self._bot))

    @discord.ui.button(label="Show mine", custom_id="birthdays:show")
    async def show(self, interaction: discord.Interaction, _: discord.ui.Button[Any]) -> None:
        found = await Birthdays(self._bot, interaction.guild_id).of(interaction.user.id)
        text = f"Your birthday is on {_words(*found)}." if found else "I don't know your birthday."
        await _answer(interaction, text)

    @discord.ui.button(label="Delete mine", custom_id="birthdays:delete")
    async def delete(self, interaction: discord.Interaction, _: discord.ui.Button[Any]) -> None:
        await Birthdays(self._bot, interaction.guild_id).forget(interaction.user.id)
        await _answer(interaction, "Your birthday is deleted.")


class BirthdaysSprocket(RegisteringCog):
    """Registers the birthdays, and answers clicks on their buttons."""

    jobs = by_name(congratulate, end_birthday, ask_for_birthdays)
    settings = BirthdaySettings

    def __init__(self, bot: commands.Bot) -> None:
        super().__init__(bot)
        self.buttons = BirthdayButtons(bot)

    async def cog_load(self) -> None:
        await super().cog_load()
        self.bot.add_view(self.buttons)

    async def cog_unload(self) -> None:
        self.buttons.stop()
        await super().cog_unload()


def _cog_of(bot: commands.Bot) -> BirthdaysSprocket:
    return cast("BirthdaysSprocket", bot.get_cog(BirthdaysSprocket.__cog_name__))


def _words(month: int, day: int) -> str:
    return f"{day} {calendar.month_name[month]}"


async def _answer(interaction: discord.Interaction, text: str) -> None:
    await interaction.response.send_message(
        text, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
    )


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(BirthdaysSprocket(bot))
