"""``/schedule setup``: a server's settings, the bot's missing permissions, and first things to try.

Changing settings requires managing the server; a role to schedule is not enough.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import discord
from discord import ui

from cogs.command_mentions import with_mentions
from cogs.desk.jobs.lookup import rules_here
from cogs.desk.kit.components import DeskButton, DeskChannelSelect, DeskRoleSelect, DeskSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.corrections import offer_correction, typed_before
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.lacking import expect, lacks_of, why
from cogs.desk.kit.layout import note_panel, panel_of, row_of
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.wording import BAD, NEUTRAL, bullets, cut, plain, title_of
from cogs.desk.kit.zones import zone_named
from cogs.desk.settings import zone_move
from cogs.desk.settings.audit_panel import note_change
from cogs.desk.settings.limits import LIMIT_FIELDS, days_typed, limit_fields, limits_line, read_limits
from cogs.desk.settings.role_access import told_access
from cogs.desk.settings.rule_change import shown_before_saved, taken
from cogs.desk.settings.word_hours import (
    DAYS_FORM,
    PARTS_FORM,
    read_words,
    typed_of,
    word_fields,
    word_lines,
)
from cogs.desk.settings.zones import change_guild_zone, said_guilds_zone
from cogs.guild_language import NAMES
from cogs.guild_settings import GuildSettings
from cogs.language import t, tn, translated, with_colon
from cogs.rights.permissions import lacking, wanted
from cogs.rights.rights import posting_in
from cogs.rights.timeouts import bot_timed_out
from cogs.rights.two_factor import two_factor_caution
from cogs.services import Refused, offered_specs
from schedulezero.client.dialect import Feature, JobQuery
from schedulezero.errors import ClientError, ScheduleZeroError
from schedulezero.methods.permission_names import permission_words
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import GuildRules, JobState
from schedulezero.model.audit import changes_between
from schedulezero.when.calendar.holidays import place_of

log = logging.getLogger(__name__)

_DISCORDS = "discord"
_ON, _OFF = "on", "off"  # what a click on the button of approval asks for


async def show_setup(desk: Desk, holidays: str | None = None, days_off: str | None = None) -> None:
    """Answer ``/schedule setup``.

    Parameters:
        desk: where it is shown.
        holidays: whose public holidays schedules mean; set first, if given.
        days_off: on whose public holidays nothing runs; shown with what it touches before it is saved.
    """
    if holidays is not None:
        await desk.acknowledge()
        await _set_words(desk, ("place",), {"place": holidays})
    if days_off is not None:
        desk.check_settings()
        await desk.acknowledge()
        await expect(desk, Feature.RULES)
        known = await desk.memory.kept("rules", desk.guild_id) or {}
        typed = {**{name: str(known.get(name) or "") for name in LIMIT_FIELDS}, "holidays": days_off}
        await _limits_typed(desk, typed)
    elif holidays is None:
        await _show(desk)


async def _show(desk: Desk) -> None:
    desk.check_settings()
    guild = desk.guild
    memory = desk.memory
    settings = await memory.settings(guild.id)
    zone = await memory.timezone(0, guild.id) or desk.services.timezone
    try:
        rules = await rules_here(desk)
    except ClientError as error:
        log.warning("the server's rules cannot be shown: %s", error.message)
        rules = None
    specs = offered_specs(desk.bot)
    access = await told_access(desk, settings.manager_role_ids)
    await desk.show(setup_panel(guild, settings, zone, rules, specs, await lacks_of(desk), access))


def setup_panel(
    guild: discord.Guild,
    settings: GuildSettings,
    zone: str,
    rules: GuildRules | None,
    specs: Iterable[MethodSpec],
    lacks: Mapping[Feature, str] = MappingProxyType({}),
    access: str = "",
) -> ui.LayoutView:
    """Return a guild's settings as a panel.

    Parameters:
        guild: the guild.
        settings: its settings.
        zone: the zone of its times.
        rules: its rules; None if the server does not support them.
        specs: the jobs that can be scheduled, for the permissions that they need.
        lacks: the features that the server lacks, each with a sentence.
        access: a sentence about which roles see the commands; empty without any.
    """
    target = str(guild.id)
    zone_button = DeskButton("setup", "zone", target, t("Change"))
    approval = t(
        "on. Jobs that mass-ping, change roles, or delete or lock something need a second person's approval."
    )
    approval_button = DeskButton(
        "setup",
        "approval",
        f"{target}.{_OFF if settings.approval else _ON}",
        t("Switch off") if settings.approval else t("Switch on"),
        disabled=Feature.APPROVAL in lacks and not settings.approval,
    )
    limits = limits_line(rules) if Feature.RULES not in lacks else f"**{t('Limits and hours:')}**"
    limits_button = DeskButton("setup", "limits", target, t("Change"), disabled=rules is None)
    hours, days = word_lines(settings.habits, place_of(ZoneInfo(zone)))
    items: list[ui.Item[Any]] = [
        ui.TextDisplay(f"### {t('Settings for {server}', server=plain(guild.name)[:80])}"),
        ui.Section(ui.TextDisplay(f"**{with_colon(t('Default time zone'))}** {zone}"), accessory=zone_button),
        ui.Section(
            ui.TextDisplay(
                "\n".join(
                    [
                        f"**{t('Approval:')}** {approval if settings.approval else t('off')}",
                        *why(lacks, Feature.APPROVAL),
                    ]
                )
            ),
            accessory=approval_button,
        ),
        ui.Section(ui.TextDisplay("\n".join([limits, *why(lacks, Feature.RULES)])), accessory=limits_button),
        ui.Section(ui.TextDisplay(hours), accessory=DeskButton("setup", "hours", target, t("Change"))),
        ui.Section(ui.TextDisplay(days), accessory=DeskButton("setup", "days", target, t("Change"))),
        ui.TextDisplay(
            "\n".join(
                [
                    f"**{t('Send alerts about failed and missed runs to')}**",
                    *why(lacks, Feature.TROUBLES),
                ]
            )
        ),
        row_of(
            DeskChannelSelect(
                "setup",
                "alerts",
                target,
                t("each job's creator, or choose a channel…"),
                settings.alert_channel_id,
            )
        ),
        ui.TextDisplay(
            "\n".join([f"**{t('Log changes to jobs and settings in')}**", *why(lacks, Feature.AUDIT)])
        ),
        row_of(
            DeskChannelSelect(
                "setup",
                "log",
                target,
                t("no channel; choose one…"),
                settings.log_channel_id,
                disabled=Feature.AUDIT in lacks,
            )
        ),
        ui.TextDisplay(f"**{t('Language of alerts and posted changes')}**"),
        row_of(DeskSelect("setup", "language", target, t("Choose a language…"), _languages(settings))),
        ui.TextDisplay(f"**{t('Roles that may schedule, in addition to everyone with *Manage Server*')}**"),
        row_of(
            DeskRoleSelect("setup", "roles", target, t("nobody; choose roles…"), settings.manager_role_ids)
        ),
        *([ui.TextDisplay(access)] if access else []),
        ui.Separator(),
        ui.TextDisplay(_permissions(guild, list(specs))),
        ui.Separator(),
        ui.TextDisplay(
            f"**{t('Three things to try')}**\n"
            f"1. {with_mentions(t('`/schedule create`, and type `in 1 minute`'))}\n"
            f"2. {t('right-click a message (press and hold it on a phone) → Apps → Schedule this message')}\n"
            f"3. {with_mentions(t('`/schedule calendar` for the month at a glance'))}"
        ),
    ]
    return panel_of(*items, colour=NEUTRAL)


def _languages(settings: GuildSettings) -> list[discord.SelectOption]:
    own = discord.SelectOption(
        label=t("Same as in Discord's server settings"), value=_DISCORDS, default=settings.language is None
    )
    return [own] + [
        discord.SelectOption(label=name, value=key, default=key == settings.language)
        for key, name in NAMES.items()
    ]


def _permissions(guild: discord.Guild, specs: Sequence[MethodSpec]) -> str:
    needed = wanted(specs)
    absent = lacking(guild.me.guild_permissions, needed)
    caution = two_factor_caution(guild, specs)
    cautions = [f"⚠ {caution}"] if caution is not None else []
    if not absent:
        return "\n".join([f"✅ {t('I have all the permissions my jobs need.')}", *cautions])
    lines = ["**" + t("I don't have these permissions. Give my role the ones you need.") + "**"]
    for name in absent:
        jobs = needed[name]
        uses = "; ".join(t(spec.summary).rstrip(".") for spec in jobs[:2]) or t("for my panels and alerts")
        lines.append(f"- ❌ *{translated(permission_words(name))}*: {uses}{' …' if len(jobs) > 2 else ''}")
    return "\n".join([*lines, *cautions])


# -------------------------------------------------------------------- changes


async def ask_zone(desk: Desk, target: str) -> None:
    """Ask for the guild's zone."""
    await _ask_zone(desk, target)


async def correct_zone(desk: Desk, panel_id: str) -> None:
    """Ask again for the guild's zone, with what was typed."""
    target, typed = await typed_before(desk, panel_id)
    await _ask_zone(desk, target, typed.get("zone"))


async def _ask_zone(desk: Desk, target: str, typed: str | None = None) -> None:
    desk.check_settings()
    await ask(desk, "setup", "zone", target, t("Default time zone"), [zone_field(typed)])


def zone_field(typed: str | None = None) -> ui.Label[Any]:
    """Return the field ``zone`` of a form, with what was typed before."""
    return text_field(
        "zone",
        t("City or time zone"),
        value=typed,
        description=t("Such as Berlin, New York or Asia/Tokyo"),
        required=True,
        most=60,
    )


async def zone_given(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Set the guild's zone, and offer to move the jobs of the one before."""
    desk.check_settings()
    try:
        before, zone = await set_typed_zone(desk, fields)
    except Refused as error:
        await offer_correction(desk, error.message, "setup", "zonefix", target, fields)
        return
    if not await zone_move.offered(desk, before, zone, said_guilds_zone(zone)):
        await _show(desk)


async def set_typed_zone(desk: Desk, fields: Mapping[str, Any]) -> tuple[str, str]:
    """Set the guild's zone to the one typed into a form; raise Refused if it isn't clear which.

    Returns the zone before, and the new one.
    """
    desk.check_settings()
    zone = await zone_named(str(fields.get("zone") or ""))
    return await change_guild_zone(desk, zone), zone


async def switch_approval(desk: Desk, target: str) -> None:
    """Switch approval by a second person on or off, as the button said; off is possible on every server."""
    desk.check_settings()
    _, _, asked = target.partition(".")
    if not asked:
        raise Refused(t("This button is from an older version of me. Use the command again."))
    on = asked == _ON
    if on:
        await expect(desk, Feature.APPROVAL)
    await _change(desk, lambda settings: replace(settings, approval=on))
    if on or Feature.APPROVAL in await lacks_of(desk):
        return
    waiting = [job async for job in desk.client.all_jobs(desk.guild_id, JobQuery(state=JobState.PENDING))]
    if waiting:
        said = tn(
            "{count} job is still waiting. To let it run, open its card from `/schedule list`.",
            "{count} jobs are still waiting. To let them run, open their cards from `/schedule list`.",
            len(waiting),
        )
        await desk.say("\n".join([said, *bullets([cut(plain(title_of(job)), 80) for job in waiting], 10)]))


async def alerts_chosen(desk: Desk, _target: str) -> None:
    """Set the channel for alerts."""
    await set_alert_channel(desk)
    await _show(desk)


async def set_alert_channel(desk: Desk) -> None:
    """Send alerts to the picked channel; raise Refused if the bot can't post in it."""
    chosen = _channel_picked(desk)
    await _save(desk, lambda settings: replace(settings, alert_channel_id=chosen))


async def log_chosen(desk: Desk, _target: str) -> None:
    """Set the channel where changes are posted."""
    chosen = _channel_picked(desk)
    await _change(desk, lambda settings: replace(settings, log_channel_id=chosen))


def _channel_picked(desk: Desk) -> str | None:
    """Return the picked channel, if any; raise Refused if the bot cannot post in it or it is elsewhere."""
    chosen = next(iter(desk.all_picked()), None)
    guild = desk.guild
    channel = guild.get_channel_or_thread(int(chosen)) if chosen and chosen.isdecimal() else None
    if chosen is not None and channel is None:
        raise Refused(
            t("The channel {id} isn't in this server, or I can't see it.", id=f"<#{plain(chosen)}>")
        )
    if channel is not None and not getattr(channel.permissions_for(guild.me), posting_in(channel)):
        if guild.me.is_timed_out():
            raise Refused(translated(bot_timed_out(guild.me)))
        raise Refused(
            t("I can't post in {channel}. Give my role *Send Messages* there.", channel=channel.mention)
        )
    return chosen


async def language_chosen(desk: Desk, _target: str) -> None:
    """Set the language of what is posted for everyone."""
    picked = desk.picked()
    chosen = picked if picked in NAMES else None
    await _change(desk, lambda settings: replace(settings, language=chosen))


async def roles_chosen(desk: Desk, _target: str) -> None:
    """Set the roles that may also schedule."""
    known = {str(role.id) for role in desk.guild.roles}
    chosen = tuple(item for item in desk.all_picked() if item in known)
    await _change(desk, lambda settings: replace(settings, manager_role_ids=chosen))


async def _change(desk: Desk, change: Callable[[GuildSettings], GuildSettings]) -> None:
    await _save(desk, change)
    await _show(desk)


async def _save(desk: Desk, change: Callable[[GuildSettings], GuildSettings]) -> None:
    desk.check_settings()
    before, after = await desk.memory.change_settings(desk.guild.id, change)
    if changes := changes_between(before.to_json(), after.to_json()):
        await note_change(desk, "settings", changes)


async def ask_limits(desk: Desk, target: str) -> None:
    """Ask for limits and hours; the form starts with the last input."""
    desk.check_settings()
    await expect(desk, Feature.RULES)
    known = await desk.memory.kept("rules", desk.guild_id) or {}
    await ask(desk, "setup", "limits", target, t("Limits and hours"), limit_fields(known))


async def limits_given(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Set limits and hours; keep the input even if it is refused."""
    desk.check_settings()
    await desk.acknowledge()
    typed = {name: str(fields.get(name) or "").strip() for name in LIMIT_FIELDS}
    try:
        await _limits_typed(desk, typed)
    except (Refused, ClientError) as error:
        await _show_refusal(desk, error, "limits", target, t("Limits and hours"))


async def _limits_typed(desk: Desk, typed: Mapping[str, str]) -> None:
    """Save limits and hours, or show first which runs they touch."""
    await desk.memory.put("rules", desk.guild_id, dict(typed))
    zone = await desk.services.timezone_of(0, desk.guild.id)
    rules = await asyncio.to_thread(read_limits, typed, desk.guild_id, zone)
    # A day in words means another one next year.
    days = days_typed(rules.dark_days, typed["days"])
    await desk.memory.put("rules", desk.guild_id, {**typed, "days": days})
    if not await shown_before_saved(desk, rules):
        await _save_limits(desk, rules)


async def save_limits(desk: Desk, target: str) -> None:
    """Save the limits and hours whose effects were shown."""
    desk.check_settings()
    await desk.acknowledge()
    await _save_limits(desk, await taken(desk, target))


async def leave_limits(desk: Desk, target: str) -> None:
    """Leave the limits and hours as they are."""
    desk.check_settings()
    await desk.acknowledge()
    await taken(desk, target)
    await _show(desk)


async def _save_limits(desk: Desk, rules: GuildRules) -> None:
    await desk.client.save_rules(rules, desk.actor_id)
    await _show(desk)
    await desk.say(t("Saved. Runs that these rules don't allow are skipped; the history shows them."))


async def ask_hours(desk: Desk, target: str) -> None:
    """Ask when parts of the day begin."""
    await _ask_words(desk, "hours", target, t("What words like “evening” mean"), PARTS_FORM)


async def ask_days(desk: Desk, target: str) -> None:
    """Ask for the time of a day without one, and for the place whose public holidays count."""
    await _ask_words(desk, "days", target, t("Days and public holidays"), DAYS_FORM)


async def _ask_words(desk: Desk, name: str, target: str, title: str, form: tuple[str, ...]) -> None:
    """Open a form with the present values, or with what was typed last if that was refused."""
    desk.check_settings()
    refused = await desk.memory.kept(_refused_words(form), desk.guild_id)
    known = refused or typed_of((await desk.memory.settings(desk.guild.id)).habits, form)
    await ask(desk, "setup", name, target, title, word_fields(form, known))


async def hours_given(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Set when parts of the day begin."""
    try:
        await _set_words(desk, PARTS_FORM, fields)
    except Refused as error:
        await _show_refusal(desk, error, "hours", target, t("What words like “evening” mean"))


async def days_given(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Set the time of a day without one, and whose public holidays count."""
    try:
        await _set_words(desk, DAYS_FORM, fields)
    except Refused as error:
        await _show_refusal(desk, error, "days", target, t("Days and public holidays"))


async def _show_refusal(desk: Desk, error: ScheduleZeroError, form: str, target: str, title: str) -> None:
    """Say what is wrong with a form's input; *Try again* opens the form with what was typed into it."""
    desk.check_settings()
    panel = note_panel(
        f"### {title}\n{translated(error.message)}",
        DeskButton("setup", form, target, t("Try again"), style=discord.ButtonStyle.primary),
        DeskButton("setup", "back", target, t("Back")),
        colour=BAD,
    )
    await desk.show(panel)


async def back(desk: Desk, _target: str) -> None:
    """Show the settings again."""
    desk.check_settings()
    await desk.acknowledge()
    await _show(desk)


async def _set_words(desk: Desk, form: tuple[str, ...], fields: Mapping[str, Any]) -> None:
    """Set what words mean; keep the input for the form if it is refused."""
    desk.check_settings()
    typed = {name: str(fields.get(name) or "").strip() for name in form}
    habits = (await desk.memory.settings(desk.guild.id)).habits
    try:
        habits = await asyncio.to_thread(read_words, form, typed, habits)
    except Refused:
        await desk.memory.put(_refused_words(form), desk.guild_id, typed)
        raise
    await desk.memory.forget(_refused_words(form), desk.guild_id)
    chosen = {name: getattr(habits, name) for name in form}
    await _change(desk, lambda settings: replace(settings, habits=replace(settings.habits, **chosen)))


def _refused_words(form: tuple[str, ...]) -> str:
    return f"refused_words_{form[0]}"


PANELS = (
    Panel(
        "setup",
        clicks={
            "approval": switch_approval,
            "alerts": alerts_chosen,
            "log": log_chosen,
            "language": language_chosen,
            "roles": roles_chosen,
            "keep": save_limits,
            "leave": leave_limits,
            "back": back,
        },
        opens={
            "zone": ask_zone,
            "zonefix": correct_zone,
            "limits": ask_limits,
            "hours": ask_hours,
            "days": ask_days,
        },
        forms={
            "zone": zone_given,
            "limits": limits_given,
            "hours": hours_given,
            "days": days_given,
        },
    ),
)
