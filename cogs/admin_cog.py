"""AdminCog: the slash commands. Each passes its options to the desk, which shows a panel.

Discord hides the commands from members without Manage Server; `cogs.desk.kit.replies.answer` checks
again on every use.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import discord
from discord import app_commands
from discord.ext import commands

from cogs.desk.compose import (
    embeds_panel,
    fields_panel,
    files_panel,
    layout_panel,
    links_panel,
    more,
    pasting,
    poll_form,
    templates,
    texts,
    tools,
    trying,
)
from cogs.desk.creating import asked_changes, create, draft_view, own_schedules, part_forms, unfinished
from cogs.desk.creating.event_choices import event_choices
from cogs.desk.creating.recent import recently_used
from cogs.desk.files import exchange_panel, table_pictures
from cogs.desk.jobs import approval, bulk, changes, job_card, listing, running
from cogs.desk.kit.context import Desk, caller_of
from cogs.desk.kit.dispatch import Dispatcher
from cogs.desk.kit.kinds import said_kind
from cogs.desk.kit.replies import answer, answer_anyone, desk_of
from cogs.desk.kit.suggesting import when_choices
from cogs.desk.kit.wording import cut, sentence, title_of
from cogs.desk.kit.zones import zone_choices
from cogs.desk.queue import panel as queue_panel
from cogs.desk.reminders import own_zone
from cogs.desk.runs import alert_card, calendar_panel, history, months, subscribe_panel
from cogs.desk.settings import audit_panel, setup, sprocket_panel, status, zone_move, zones
from cogs.desk.start import first_actions, help_panel
from cogs.language import speaking, t
from cogs.places_of_use import IN_SERVERS
from cogs.services import Refused, offered_specs, pickable_specs, services_of
from schedulezero.client.dialect import JobQuery
from schedulezero.errors import ClientError
from schedulezero.methods.spec import MethodSpec, best_matches
from schedulezero.model import JobState, RunState
from schedulezero.model.method_names import spoken
from schedulezero.when.language.holiday_places import search_places

log = logging.getLogger(__name__)

DESK = Dispatcher(
    panel
    for module in (
        alert_card, approval, asked_changes, bulk, calendar_panel, changes, create, draft_view,
        exchange_panel, history, job_card, listing, part_forms, queue_panel, running, embeds_panel,
        fields_panel, files_panel, layout_panel, links_panel, more, poll_form, trying, pasting,
        table_pictures, templates, texts, tools, setup, sprocket_panel,
        unfinished, audit_panel, subscribe_panel, zone_move, own_schedules, first_actions,
    )
    for panel in module.PANELS
)  # fmt: skip
"""Every panel of the desk that can be clicked or submitted."""

_SUGGEST_SECONDS = 2.0
"""How long the server may take for suggestions; Discord waits 3 s, and late ones are better than none."""
_MOST_CHOICES = 25
_MANAGERS = discord.Permissions(manage_guild=True)

_JOB_STATES = [
    app_commands.Choice(name=state.value, value=state.value)
    for state in (JobState.ACTIVE, JobState.PAUSED, JobState.FINISHED, JobState.CANCELLED)
]
_RUN_STATES = [app_commands.Choice(name=state.value, value=state.value) for state in RunState]


def job_choice(spec: MethodSpec, *, alone: bool) -> str:
    """Return what a job is called in a choice: what it does; of several alike also the method in words."""
    said = said_kind(spec, spec.name)
    return cut(said if alone else f"{said} · {spoken(spec.name)}", 100)


class AdminCog(commands.Cog):
    """Schedule and manage jobs."""

    schedule = app_commands.Group(
        name="schedule",
        description="Schedule posts, clean-ups and more",
        allowed_installs=IN_SERVERS.installs,
        allowed_contexts=IN_SERVERS.contexts,
        default_permissions=_MANAGERS,
    )

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot

    # ---------------------------------------------------------------- commands

    @schedule.command(name="create", description="Schedule a job: fill in a form, check the preview, confirm")
    @app_commands.describe(
        job="The kind of job. Leave it out to choose from a list.",
        when="When: tomorrow at 9, every Monday at 18:00, … (suggestions show how I read it)",
        at="Or a date picked with Discord's @time",
        name="A name for the job. If you leave it out, I'll take one from the text.",
        template="One of this server's templates, instead of a kind of job",
        event="The event in this server to start, end or send reminders for",
    )
    async def create(
        self,
        interaction: discord.Interaction,
        job: str | None = None,
        when: app_commands.Range[str, 1, 200] | None = None,
        at: app_commands.Timestamp | None = None,
        name: app_commands.Range[str, 1, 100] | None = None,
        template: app_commands.Range[str, 1, 100] | None = None,
        event: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        async def begin(desk: Desk) -> None:
            if template is not None:
                await templates.begin(desk, template, name=name, when=_when(when, at))
            else:
                await create.begin(desk, job, name=name, when=_when(when, at), event=event)

        await answer(interaction, begin, opens_form=True)

    @schedule.command(name="templates", description="Use, change or delete this server's templates")
    async def templates(self, interaction: discord.Interaction) -> None:
        await answer(interaction, templates.show_all)

    @schedule.command(name="drafts", description="Continue your unfinished drafts")
    async def drafts(self, interaction: discord.Interaction) -> None:
        await answer(interaction, unfinished.show_drafts)

    @schedule.command(name="list", description="Show what is scheduled here, next run first")
    @app_commands.describe(state="Only jobs in this state", text="Only jobs with this text")
    @app_commands.choices(state=_JOB_STATES)
    async def list(
        self,
        interaction: discord.Interaction,
        state: str | None = None,
        text: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        wanted = JobState(state) if state else None
        await answer(interaction, lambda desk: listing.begin(desk, state=wanted, text=text))

    @schedule.command(
        name="queue", description="Show your queues: slots for posts, and the posts waiting in them"
    )
    async def queue(self, interaction: discord.Interaction) -> None:
        await answer(interaction, queue_panel.begin)

    @schedule.command(name="show", description="Show a job with all its actions")
    @app_commands.describe(job="Which job")
    async def show(self, interaction: discord.Interaction, job: str) -> None:
        await answer(interaction, lambda desk: job_card.show_card(desk, job))

    @schedule.command(name="edit", description="Change what a job does, or when it runs")
    @app_commands.describe(job="Which job", when="A new time; leave it out to keep the current one")
    async def edit(
        self,
        interaction: discord.Interaction,
        job: str,
        when: app_commands.Range[str, 1, 200] | None = None,
    ) -> None:
        await answer(interaction, lambda desk: create.begin_edit(desk, job, when=when))

    @schedule.command(name="cancel", description="Cancel a job. Asks first, and you can undo it.")
    @app_commands.describe(job="Which job")
    async def cancel(self, interaction: discord.Interaction, job: str) -> None:
        await answer(interaction, lambda desk: job_card.ask_cancel(desk, job))

    @schedule.command(name="pause", description="Pause a job until you resume it")
    @app_commands.describe(job="Which job")
    async def pause(self, interaction: discord.Interaction, job: str) -> None:
        await answer(interaction, lambda desk: job_card.pause(desk, job))

    @schedule.command(name="resume", description="Let a paused job run again")
    @app_commands.describe(job="Which job")
    async def resume(self, interaction: discord.Interaction, job: str) -> None:
        await answer(interaction, lambda desk: job_card.resume(desk, job))

    @schedule.command(name="run", description="Run a job once now. Its schedule stays the same.")
    @app_commands.describe(job="Which job")
    async def run(self, interaction: discord.Interaction, job: str) -> None:
        await answer(interaction, lambda desk: running.run_now(desk, job))

    @schedule.command(name="history", description="Show what ran, with results, errors and links")
    @app_commands.describe(job="Only this job", state="Only runs with this outcome")
    @app_commands.choices(state=_RUN_STATES)
    async def history(
        self, interaction: discord.Interaction, job: str | None = None, state: str | None = None
    ) -> None:
        wanted = RunState(state) if state else None
        await answer(interaction, lambda desk: history.show_history(desk, job, wanted))

    @schedule.command(name="audit", description="Show who changed what, and when")
    @app_commands.describe(job="Only this job", person="Only this person's changes")
    async def audit(
        self,
        interaction: discord.Interaction,
        job: str | None = None,
        person: discord.User | None = None,
    ) -> None:
        await answer(interaction, lambda desk: audit_panel.show_audit(desk, job, person))

    @schedule.command(name="calendar", description="Show the month or the week as a picture and a file")
    @app_commands.describe(view="A month or a week", month="Which month, such as March or 2027-03")
    @app_commands.choices(
        view=[
            app_commands.Choice(name="month", value="month"),
            app_commands.Choice(name="week", value="week"),
        ]
    )
    async def calendar(
        self, interaction: discord.Interaction, view: str = "month", month: str | None = None
    ) -> None:
        await answer(interaction, lambda desk: calendar_panel.show_calendar(desk, view, month))

    @calendar.autocomplete("month")
    async def _months(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return months.month_choices(current, interaction.locale.value)

    @schedule.command(name="export", description="Download everything scheduled here, as a file")
    @app_commands.describe(kind="YAML to import again, or a calendar file")
    @app_commands.choices(
        kind=[
            app_commands.Choice(name="YAML, to import again", value="yaml"),
            app_commands.Choice(name="iCalendar, for your calendar", value="ics"),
        ]
    )
    async def export(self, interaction: discord.Interaction, kind: str = "yaml") -> None:
        await answer(interaction, lambda desk: exchange_panel.export(desk, kind))

    @schedule.command(name="import", description="Import jobs from a file. First shows what it would do.")
    @app_commands.describe(
        file="ScheduleZero's YAML, a table (CSV), a calendar, a crontab or Reminder Bot's CSV",
        channel="The channel for entries without one",
    )
    async def import_(
        self,
        interaction: discord.Interaction,
        file: discord.Attachment,
        channel: discord.TextChannel | None = None,
    ) -> None:
        where = channel.id if channel is not None else None
        await answer(interaction, lambda desk: exchange_panel.dry_run(desk, file, where))

    @schedule.command(name="setup", description="Set this server's time zone, alerts, approval and limits")
    @app_commands.describe(
        holidays="The country or region whose public holidays count here",
        days_off="Don't run jobs on the public holidays of this country or region",
    )
    async def setup(
        self, interaction: discord.Interaction, holidays: str | None = None, days_off: str | None = None
    ) -> None:
        await answer(interaction, lambda desk: setup.show_setup(desk, holidays, days_off))

    @setup.autocomplete("days_off")
    @setup.autocomplete("holidays")
    async def _holiday_places(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        found = await asyncio.to_thread(search_places, current, interaction.locale.value)
        return [app_commands.Choice(name=place.label, value=place.key) for place in found]

    @schedule.command(name="help", description="What I can do, and what you can type")
    async def help(self, interaction: discord.Interaction) -> None:
        await answer_anyone(interaction, help_panel.show_help)

    @schedule.command(
        name="status", description="Show whether everything works, and how much of each limit is used"
    )
    async def status(self, interaction: discord.Interaction) -> None:
        await answer(interaction, status.show_status)

    @schedule.command(name="reload", description="Register my handler with the scheduler again")
    async def reload(self, interaction: discord.Interaction) -> None:
        await answer(interaction, status.reload_handler)

    @schedule.command(name="timezone", description="Set your time zone")
    @app_commands.describe(
        zone="A city or time zone, such as Berlin", whose="Yours, or this server's default"
    )
    @app_commands.choices(
        whose=[
            app_commands.Choice(name="mine", value="user"),
            app_commands.Choice(name="this server's default", value="guild"),
        ]
    )
    async def timezone(
        self, interaction: discord.Interaction, zone: str | None = None, whose: str = "user"
    ) -> None:
        async def work(desk: Desk) -> None:
            if zone is not None and whose == "guild":
                await zones.set_guild_zone(desk, zone)
            else:
                await own_zone.answer_zone(desk, zone)

        await answer(interaction, work)

    # ---------------------------------------------------------------- suggestions

    @create.autocomplete("job")
    async def suggest_method(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Suggest loaded job methods by name or description."""
        first = pickable_specs(self.bot)
        names = {spec.name for spec in first}
        if not current:
            used = await self._recently_used(interaction, first)
            first = [*used, *(spec for spec in first if spec not in used)]
        with speaking(interaction.locale):
            # Whoever types the name of a method that another one replaces finds it, behind the others.
            others = [spec for spec in offered_specs(self.bot) if not spec.internal]
            rest = [spec for spec in others if current and spec.name not in names]
            translated = [
                [replace(spec, summary=t(spec.summary)) for spec in specs] for specs in (first, rest)
            ]
            found = [spec for specs in translated for spec in best_matches(specs, current)]
            said = Counter(spec.summary for specs in translated for spec in specs)
            return [
                app_commands.Choice(name=job_choice(spec, alone=said[spec.summary] == 1), value=spec.name)
                for spec in found[:_MOST_CHOICES]
            ]

    async def _recently_used(
        self, interaction: discord.Interaction, offered: Sequence[MethodSpec]
    ) -> Sequence[MethodSpec]:
        """Return the methods that were used here last; none if that takes too long."""
        if interaction.guild_id is None or not await _may_look(interaction):
            return ()
        client, person = services_of(self.bot).client, str(interaction.user.id)
        try:
            async with asyncio.timeout(_SUGGEST_SECONDS):
                return await recently_used(client, str(interaction.guild_id), person, offered)
        except (ClientError, TimeoutError) as error:
            log.info("what was used here last is not known: %s", error)
            return ()

    @create.autocomplete("template")
    async def suggest_template(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Suggest this guild's templates by name."""
        if interaction.guild_id is None or not await _may_look(interaction):
            return []
        return await templates.choices(services_of(self.bot).memory, str(interaction.guild_id), current)

    @create.autocomplete("event")
    async def suggest_event(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Suggest the events of this guild that the person sees."""
        if not isinstance(interaction.user, discord.Member) or not await _may_look(interaction):
            return []
        zone = await services_of(self.bot).timezone_of(interaction.user.id, interaction.guild_id)
        return await event_choices(interaction.user, current, zone, interaction.locale.value)

    @show.autocomplete("job")
    @edit.autocomplete("job")
    @cancel.autocomplete("job")
    @pause.autocomplete("job")
    @resume.autocomplete("job")
    @run.autocomplete("job")
    @history.autocomplete("job")
    @audit.autocomplete("job")
    async def suggest_job(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Suggest this guild's jobs by name."""
        if interaction.guild_id is None or not await _may_look(interaction):
            return []
        client = services_of(self.bot).client
        command = interaction.command.name if interaction.command else ""
        state = {"pause": JobState.ACTIVE, "resume": JobState.PAUSED}.get(command)
        try:
            async with asyncio.timeout(_SUGGEST_SECONDS):
                page = await client.jobs(
                    str(interaction.guild_id),
                    JobQuery(state=state, text=current or None),
                    limit=_MOST_CHOICES,
                )
        except (ClientError, TimeoutError) as error:
            log.info("no suggestions: %s", error)
            return []
        with speaking(interaction.locale):
            return [
                app_commands.Choice(
                    name=cut(f"{cut(title_of(job), 60)} · {sentence(job)}", 100),
                    value=job.id,
                )
                for job in page.jobs
            ]

    @create.autocomplete("when")
    @edit.autocomplete("when")
    async def suggest_when(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Suggest how the typed text is read and how it could continue."""
        return await when_choices(interaction, current)

    @timezone.autocomplete("zone")
    async def suggest_zone(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Suggest zones by city, country, abbreviation or offset, each with its current local time."""
        return await zone_choices(interaction, current)

    # ---------------------------------------------------------------- clicks and forms

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Handle clicks and submitted forms, including those of panels opened before a restart."""
        await DESK.take(interaction)


async def _may_look(interaction: discord.Interaction) -> bool:
    """Return whether the caller may see this guild's jobs while typing."""
    try:
        await desk_of(caller_of(interaction))
    except Refused:
        return False
    return True


def _when(text: str | None, at: datetime | None) -> str | None:
    """Return the text of *when*: the typed text, or the date picked in the client."""
    return text if text or at is None else f"<t:{int(at.timestamp())}>"
