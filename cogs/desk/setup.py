"""``/schedule setup``: what a server sets once, whether I may do my work here, and what to try first.

Who may schedule may not set: settings belong to those who manage the server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time
from typing import Any
from zoneinfo import available_timezones

import discord
from discord import ui

from cogs.desk.answers import acknowledge, guild_id_of, panel_of, row_of, say, show
from cogs.desk.audit import note_change
from cogs.desk.components import DeskButton, DeskChannelSelect, DeskRoleSelect, action, all_picked
from cogs.desk.jobs_here import actor_of, client_of
from cogs.desk.language import locale, mark, t
from cogs.desk.modals import ask, form_action, text_field
from cogs.desk.wording import NEUTRAL, plain
from cogs.services import Refused, services_of
from schedulezero import instants
from schedulezero.audit import Change, changes_between
from schedulezero.dialects import Feature
from schedulezero.errors import ClientError
from schedulezero.guild_settings import GuildSettings
from schedulezero.model import GuildRules
from schedulezero.when.zone_search import search_zones

# Read as: a permission of mine, what it is called, what I need it for.
_PERMISSIONS = (
    ("view_channel", mark("View Channels"), mark("to find the channels")),
    ("send_messages", mark("Send Messages"), mark("to post")),
    ("embed_links", mark("Embed Links"), mark("to post embeds")),
    ("attach_files", mark("Attach Files"), mark("to post the calendar")),
    ("read_message_history", mark("Read Message History"), mark("to clean up")),
    ("manage_messages", mark("Manage Messages"), mark("to clean up")),
    ("manage_channels", mark("Manage Channels"), mark("to lock channels")),
    ("manage_roles", mark("Manage Roles"), mark("to give and take roles")),
    ("mention_everyone", mark("Mention Everyone"), mark("to ping @everyone and roles")),
)
_QUIET = re.compile(r"\s*(\d{1,2}(?::\d{2})?)\s*[-–—]\s*(\d{1,2}(?::\d{2})?)\s*")


async def show_setup(interaction: discord.Interaction) -> None:
    """Answers ``/schedule setup``."""
    await acknowledge(interaction)
    await _show(interaction)


async def _show(interaction: discord.Interaction) -> None:
    _check(interaction)
    guild = interaction.guild
    assert guild is not None
    memory = services_of(interaction.client).memory
    settings = await memory.settings(guild.id)
    zone = await memory.timezone(0, guild.id) or services_of(interaction.client).timezone
    await show(interaction, setup_panel(guild, settings, zone, await _rules(interaction)))


def setup_panel(
    guild: discord.Guild, settings: GuildSettings, zone: str, rules: GuildRules | None
) -> ui.LayoutView:
    """A guild's settings as a panel.

    Parameters:
        guild: whose.
        settings: what it set.
        zone: in which its times are meant.
        rules: what it forbids; None where the server knows no rules.
    """
    target = str(guild.id)
    zone_button: Any = DeskButton("setup", "zone", target, t("Change"))
    approval = t("on: what pings many, deletes, locks or changes roles waits for a second person")
    approval_button: Any = DeskButton(
        "setup", "approval", target, t("Switch off") if settings.approval else t("Switch on")
    )
    limits_button: Any = DeskButton("setup", "limits", target, t("Change"), disabled=rules is None)
    items: list[ui.Item[Any]] = [
        ui.TextDisplay(f"### {t('Settings of {server}', server=plain(guild.name)[:80])}"),
        ui.Section(ui.TextDisplay(f"**{t('Times are meant in')}** {zone}"), accessory=zone_button),
        ui.Section(
            ui.TextDisplay(f"**{t('Approval:')}** {approval if settings.approval else t('off')}"),
            accessory=approval_button,
        ),
        ui.Section(ui.TextDisplay(_limits(rules)), accessory=limits_button),
        ui.TextDisplay(f"**{t('Alerts about failed and missed runs go to')}**"),
        row_of(
            DeskChannelSelect(
                "setup",
                "alerts",
                target,
                t("each job's creator; choose a channel…"),
                settings.alert_channel_id,
            )
        ),
        ui.TextDisplay(f"**{t('Changes of jobs and settings are told in')}**"),
        row_of(
            DeskChannelSelect("setup", "log", target, t("no channel; choose one…"), settings.log_channel_id)
        ),
        ui.TextDisplay(f"**{t('Who may schedule, beside those who may manage the server')}**"),
        row_of(
            DeskRoleSelect("setup", "roles", target, t("nobody; choose roles…"), settings.manager_role_ids)
        ),
        ui.Separator(),
        ui.TextDisplay(_permissions(guild)),
        ui.Separator(),
        ui.TextDisplay(
            f"**{t('Three things to try')}**\n"
            f"1. {t('`/schedule create` and say `in 1 minute`')}\n"
            f"2. {t('right-click a message → Apps → Schedule this message')}\n"
            f"3. {t('`/schedule calendar` for the month at a glance')}"
        ),
    ]
    return panel_of(*items, colour=NEUTRAL)


def _permissions(guild: discord.Guild) -> str:
    mine = guild.me.guild_permissions
    lacking = [item for item in _PERMISSIONS if not getattr(mine, item[0])]
    if not lacking:
        return f"✅ {t('I have every permission that my jobs may need.')}"
    lines = [f"**{t('Permissions that I lack; give them to my role as you need them')}**"]
    lines += [f"- ❌ {t(name)}: {t(reason)}" for _, name, reason in lacking]
    return "\n".join(lines)


def _limits(rules: GuildRules | None) -> str:
    label = f"**{t('Limits and hours:')}**"
    if rules is None:
        return f"{label} {t('this server knows none.')}"
    parts: list[str] = []
    if rules.quiet_from is not None and rules.quiet_to is not None:
        parts.append(
            t("quiet from {begin} to {end}", begin=f"{rules.quiet_from:%H:%M}", end=f"{rules.quiet_to:%H:%M}")
        )
    if rules.dark_days:
        days = ", ".join(day.isoformat() for day in rules.dark_days[:8])
        parts.append(t("nothing runs on {days}", days=days + (" …" if len(rules.dark_days) > 8 else "")))
    if rules.most_jobs is not None:
        parts.append(t("at most {count} jobs", count=rules.most_jobs))
    if rules.most_runs_an_hour is not None:
        parts.append(t("at most {count} runs an hour", count=rules.most_runs_an_hour))
    return f"{label} {' · '.join(parts) or t('none')}"


# -------------------------------------------------------------------- changes


@action("setup", "zone")
async def ask_zone(interaction: discord.Interaction, target: str) -> None:
    """Asks for the guild's zone."""
    _check(interaction)
    field = text_field(
        "zone",
        t("City or zone"),
        description=t("Such as Berlin, New York or Asia/Tokyo"),
        required=True,
        most=60,
    )
    await ask(interaction, "setup", "zone", target, t("Times are meant in"), [field])


@form_action("setup", "zone")
async def zone_given(interaction: discord.Interaction, _target: str, fields: Mapping[str, Any]) -> None:
    """Sets the guild's zone."""
    await acknowledge(interaction)
    _check(interaction)
    typed = str(fields.get("zone") or "").strip()
    zone = typed
    if typed not in available_timezones():
        near = search_zones(typed, locale(), instants.now()) if typed else []
        if not near:
            raise Refused(
                t("“{zone}” is no time zone that I know; name a large city near you.", zone=plain(typed))
            )
        zone = near[0].key
    assert interaction.guild_id is not None
    memory = services_of(interaction.client).memory
    before = await memory.timezone(0, interaction.guild_id)
    await memory.set_guild_timezone(interaction.guild_id, zone)
    if before != zone:
        await note_change(interaction, "zone", [Change("timezone", before, zone)])
    rules = await _rules(interaction)
    if rules is not None and rules.timezone != zone:
        await client_of(interaction).save_rules(replace(rules, timezone=zone), actor_of(interaction))
    await _show(interaction)


@action("setup", "approval")
async def toggle_approval(interaction: discord.Interaction, _target: str) -> None:
    """Switches the second person on or off."""
    await _change(interaction, lambda settings: replace(settings, approval=not settings.approval))


@action("setup", "alerts")
async def alerts_chosen(interaction: discord.Interaction, _target: str) -> None:
    """Sets where alerts go."""
    chosen = await _channel_picked(interaction)
    await _change(interaction, lambda settings: replace(settings, alert_channel_id=chosen))


@action("setup", "log")
async def log_chosen(interaction: discord.Interaction, _target: str) -> None:
    """Sets where each change is told."""
    chosen = await _channel_picked(interaction)
    await _change(interaction, lambda settings: replace(settings, log_channel_id=chosen))


async def _channel_picked(interaction: discord.Interaction) -> str | None:
    """The channel of this guild that was picked and where I may post, None for none; Refused for another."""
    chosen = next(iter(all_picked(interaction)), None)
    guild = interaction.guild
    assert guild is not None
    channel = guild.get_channel_or_thread(int(chosen)) if chosen and chosen.isdecimal() else None
    if chosen is not None and channel is None:
        await acknowledge(interaction)
        raise Refused(t("The channel {id} is not one of this server, or I cannot see it.", id=chosen))
    if channel is not None and not channel.permissions_for(guild.me).send_messages:
        await acknowledge(interaction)
        raise Refused(
            t("I may not post in {channel}: give my role *Send Messages* there.", channel=channel.mention)
        )
    return chosen


@action("setup", "roles")
async def roles_chosen(interaction: discord.Interaction, _target: str) -> None:
    """Sets who else may schedule."""
    assert interaction.guild is not None
    known = {str(role.id) for role in interaction.guild.roles}
    chosen = tuple(item for item in all_picked(interaction) if item in known)
    await _change(interaction, lambda settings: replace(settings, manager_role_ids=chosen))


async def _change(interaction: discord.Interaction, change: Any) -> None:
    await acknowledge(interaction)
    _check(interaction)
    assert interaction.guild_id is not None
    memory = services_of(interaction.client).memory
    before = await memory.settings(interaction.guild_id)
    after = change(before)
    await memory.save_settings(interaction.guild_id, after)
    if changes := changes_between(before.to_json(), after.to_json()):
        await note_change(interaction, "settings", changes)
    await _show(interaction)


@action("setup", "limits")
async def ask_limits(interaction: discord.Interaction, target: str) -> None:
    """Asks for limits and hours; what was set before is filled in."""
    _check(interaction)
    known = await services_of(interaction.client).memory.kept("rules", guild_id_of(interaction)) or {}
    fields = [
        text_field(
            "quiet", t("Quiet hours"), value=known.get("quiet"), placeholder="22:00-07:00", most=20,
            description=t("Nothing runs in these hours of the day"),
        ),
        text_field(
            "days", t("Free days"), value=known.get("days"), placeholder="2026-12-24, 2026-12-25", most=1000,
            description=t("Nothing runs on these days"), long=True,
        ),
        text_field("jobs", t("Most jobs"), value=known.get("jobs"), most=7),
        text_field("runs", t("Most runs an hour"), value=known.get("runs"), most=7),
    ]  # fmt: skip
    await ask(interaction, "setup", "limits", target, t("Limits and hours"), fields)


@form_action("setup", "limits")
async def limits_given(interaction: discord.Interaction, target: str, fields: Mapping[str, Any]) -> None:
    """Sets limits and hours; what was typed is kept, also when it is refused."""
    await acknowledge(interaction)
    _check(interaction)
    typed = {name: str(fields.get(name) or "").strip() for name in ("quiet", "days", "jobs", "runs")}
    memory = services_of(interaction.client).memory
    await memory.put("rules", guild_id_of(interaction), typed)
    assert interaction.guild_id is not None
    zone = await memory.timezone(0, interaction.guild_id) or services_of(interaction.client).timezone
    quiet_from, quiet_to = _quiet(typed["quiet"])
    rules = GuildRules(
        guild_id=guild_id_of(interaction),
        timezone=zone,
        quiet_from=quiet_from,
        quiet_to=quiet_to,
        dark_days=_days(typed["days"]),
        most_jobs=_count(typed["jobs"]),
        most_runs_an_hour=_count(typed["runs"]),
    )
    await client_of(interaction).save_rules(rules, actor_of(interaction))
    await _show(interaction)
    await say(interaction, t("Saved. Runs that the rules forbid are skipped, and the history says so."))


def _quiet(text: str) -> tuple[time | None, time | None]:
    if not text:
        return None, None
    match = _QUIET.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        begin, end = (
            time.fromisoformat(part.zfill(5) if ":" in part else f"{part.zfill(2)}:00")
            for part in match.groups()
        )
    except ValueError:
        raise Refused(
            t("“{text}” are no quiet hours; write them as 22:00-07:00.", text=plain(text))
        ) from None
    return begin, end


def _days(text: str) -> tuple[date, ...]:
    found: set[date] = set()
    for part in re.split(r"[\s,;]+", text):
        if not part:
            continue
        try:
            found.add(date.fromisoformat(part))
        except ValueError:
            raise Refused(t("“{text}” is no day; write days as 2026-12-24.", text=plain(part)[:40])) from None
    return tuple(sorted(found))


def _count(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 1_000_000:
        raise Refused(
            t("“{text}” is no limit; write a number such as 50, or nothing for no limit.", text=plain(text))
        )
    return int(text)


def _check(interaction: discord.Interaction) -> None:
    if not interaction.permissions.manage_guild:
        raise Refused(t("Settings are changed by those who may manage the server."))


async def _rules(interaction: discord.Interaction) -> GuildRules | None:
    client = client_of(interaction)
    try:
        if Feature.RULES in await client.lacks():
            return None
        return await client.rules(guild_id_of(interaction))
    except ClientError:
        return None
