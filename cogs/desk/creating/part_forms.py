"""Before and after: what a draft's job does ahead of its own runs, and after each that succeeded.

A lead has one form: how long before, where, and a text of its own. A then has the form of its method, made as
any job's form is, with the time that passes in between. The parts are in the draft, and are saved with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import discord
from discord import ui

from cogs.desk.creating.draft_view import loaded, own_draft, show_draft
from cogs.desk.drafts.auto_names import auto_name
from cogs.desk.drafts.draft import NAME, fill, first_fields, strangers_in
from cogs.desk.drafts.forms import parameter_field, read_form
from cogs.desk.drafts.options import with_options
from cogs.desk.drafts.parts import PARTS, free_id, part_lines, parts_in_full, parts_of, with_parts
from cogs.desk.kit.components import TEXT_CHANNELS, DeskButton, DeskSelect, objects
from cogs.desk.kit.context import Desk
from cogs.desk.kit.corrections import Mistyped
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.kinds import said_kind
from cogs.desk.kit.lacking import expect
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.modals import ask, new_form, open_form, text_field
from cogs.desk.kit.names import directory_here
from cogs.desk.kit.wording import NEUTRAL, cut, plain
from cogs.guild_language import locale_of
from cogs.language import speaking, t, with_colon
from cogs.memory import Draft
from cogs.services import Refused, pickable_specs, spec_for
from schedulezero.client.dialect import Feature
from schedulezero.methods.spec import MethodSpec
from schedulezero.methods.variables import escape
from schedulezero.model.part import LONGEST_SPAN, MOST_LEADS, MOST_THENS, Part, leads, thens
from schedulezero.when.language.span_text import span_of

_POST, _POST_BEFORE = "send_post", "send_announcement"
_LONGEST_METHOD = 60  # in a custom id


async def show_parts(desk: Desk, draft_id: str) -> None:
    """Show what the draft's job does before and after its own runs."""
    await expect(desk, Feature.PARTS)
    draft = await own_draft(desk, draft_id)
    if draft.job_id is not None and PARTS not in draft.values:
        raise Refused(t("What this job does before and after is hidden from you and stays as it is."))
    await desk.show(parts_panel(desk, draft))


def parts_panel(desk: Desk, draft: Draft) -> ui.LayoutView:
    """Return the panel of a draft's parts."""
    parts = parts_of(draft.values)
    said = parts_in_full(parts, lambda name: spec_for(desk.bot, name), 200)
    nothing = t(
        "Nothing yet. The job can announce itself beforehand, and another job can follow each successful run."
    )
    items: list[ui.Item[Any]] = [ui.TextDisplay(cut(f"### {t('Before and after')}\n{said or nothing}", 3000))]
    if len(thens(parts)) < MOST_THENS:
        options = [
            discord.SelectOption(label=cut(said_kind(spec, spec.name), 100), value=spec.name)
            for spec in pickable_specs(desk.bot)[:25]
            if len(spec.name) <= _LONGEST_METHOD
        ]
        items.append(row_of(DeskSelect("draft", "link", draft.id, t("Then…"), options)))
    if parts:
        lines = part_lines(parts, lambda name: spec_for(desk.bot, name))
        ordered = [part.id for part in _ordered(parts)]
        options = [
            discord.SelectOption(label=cut(line.replace("*", "").replace("`", ""), 100), value=part_id)
            for line, part_id in zip(lines, ordered, strict=True)
        ]
        items.append(row_of(DeskSelect("draft", "unlink", draft.id, t("Remove…"), options)))
    before = DeskButton(
        "draft", "ahead", draft.id, t("Announce it beforehand…"), disabled=len(leads(parts)) >= MOST_LEADS
    )
    items.append(row_of(before, DeskButton("draft", "show", draft.id, t("Back to the draft"))))
    return panel_of(*items, colour=NEUTRAL)


def _ordered(parts: tuple[Part, ...]) -> list[Part]:
    ahead = sorted(leads(parts), key=lambda part: part.before or timedelta(), reverse=True)
    return [*ahead, *thens(parts)]


async def back_to_draft(desk: Desk, draft_id: str) -> None:
    """Show the draft's card again."""
    draft = await own_draft(desk, draft_id)
    await show_draft(desk, draft, loaded(desk, draft.method))


async def ask_lead(desk: Desk, draft_id: str) -> None:
    """Ask how long before, where and with which text the job announces itself."""
    draft = await own_draft(desk, draft_id)
    spec = loaded(desk, draft.method)
    directory = await directory_here(desk)
    name = str(draft.values.get(NAME) or auto_name(spec, draft.values, directory))
    settings = await desk.memory.settings(desk.guild.id)
    with speaking(locale_of(desk.guild, settings)):
        text = t("{name} starts {when}", name=escape(name), when="{starts}")
    given = draft.values.get("channel_id") or draft.values.get("channel_ids") or []
    chosen = (given if isinstance(given, list) else [given])[:1]  # type: ignore[reportUnknownVariableType]
    channel: ui.ChannelSelect[Any] = ui.ChannelSelect(
        custom_id="channel_id",
        channel_types=TEXT_CHANNELS,
        default_values=objects(chosen, discord.abc.GuildChannel),
    )
    fields = [
        text_field(
            "before",
            t("How long before?"),
            placeholder=t("1 day, 15 minutes"),
            description=t("Separate several durations with commas; each announcement uses the text below"),
            required=True,
            most=100,
        ),
        ui.Label(text=t("Where"), component=channel),
        text_field("message", t("Text"), value=text, required=True, long=True, most=2000),
    ]
    await ask(desk, "draft", "ahead", draft_id, t("Announce it beforehand…"), fields)


async def add_leads(desk: Desk, draft_id: str, fields: Mapping[str, Any]) -> None:
    """Add the leads of a submitted form to a draft."""
    draft = await own_draft(desk, draft_id)
    parts = parts_of(draft.values)
    spec, values = _post(desk, fields)
    for text in (item.strip() for item in str(fields.get("before") or "").split(",")):
        span = span_of(text) if text else None
        if span is None or not timedelta(seconds=1) <= span <= LONGEST_SPAN:
            raise Mistyped(_no_length(text), "ahead")
        params = _params(desk, spec, values, "ahead", draft_id)
        parts = (*parts, Part(free_id(parts, "b"), spec.name, params, before=span))
    if len(leads(parts)) > MOST_LEADS:
        raise Mistyped(t("A job can be announced at most {most} times.", most=MOST_LEADS), "ahead")
    await _keep(desk, draft, parts)


def _no_length(text: str) -> str:
    return t("“{text}” isn't a duration of up to a year. Examples: 1 day, 15 minutes.", text=plain(text)[:60])


def _post(desk: Desk, fields: Mapping[str, Any]) -> tuple[MethodSpec, dict[str, Any]]:
    """Return the job that posts, and its values: the one kind of post, or the announcement without it."""
    channel, text = fields.get("channel_id"), fields.get("message")
    spec = spec_for(desk.bot, _POST)
    if spec is not None:
        return spec, {"channel_ids": channel, "text": text}
    return loaded(desk, _POST_BEFORE), {"channel_id": channel, "message": text}


async def ask_then(desk: Desk, draft_id: str) -> None:
    """Open the form of the picked job, which follows the others."""
    draft = await own_draft(desk, draft_id)
    spec = loaded(desk, desk.picked())
    await open_form(desk, _then_form(draft, await with_options(desk.bot, desk.guild.id, spec, draft.values)))


async def ask_then_again(desk: Desk, target: str) -> None:
    """Open the form of a job that follows again; the target is ``<draft>.<method>``."""
    draft_id, _, method = target.partition(".")
    draft, spec = await own_draft(desk, draft_id), loaded(desk, method)
    await open_form(desk, _then_form(draft, await with_options(desk.bot, desk.guild.id, spec, draft.values)))


def _then_form(draft: Draft, spec: MethodSpec) -> Any:
    channels = draft.values.get("channel_ids") or draft.values.get("channel_id")
    here: dict[str, Any] = {"channel_id": channels, "channel_ids": channels}
    fields = [parameter_field(parameter, here.get(parameter.name)) for parameter in first_fields(spec)]
    fields.append(
        text_field(
            "after",
            t("How long after? (optional)"),
            description=t("Counted from when the previous part succeeds; leave empty for no delay"),
            placeholder=t("2 hours"),
            most=100,
        )
    )
    title = cut(f"{with_colon(t('Then'))} {t(spec.summary).rstrip('.')}", 45)
    return new_form("draft", "link", f"{draft.id}.{spec.name}", title, fields)


async def add_then(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Add what a submitted form describes to the end of a chain; the target is ``<draft>.<method>``."""
    draft_id, _, method = target.partition(".")
    draft, spec = await own_draft(desk, draft_id), loaded(desk, method)
    typed = str(fields.get("after") or "").strip()
    span = span_of(typed) if typed else timedelta()
    if span is None or not timedelta() <= span <= LONGEST_SPAN:
        raise Mistyped(_no_length(typed), "linkagain")
    values, _ = read_form(fields)
    if strangers_in(spec, values):
        raise Refused(t("This form is from an older version of me. Use the command again."))
    parts = parts_of(draft.values)
    if len(thens(parts)) >= MOST_THENS:
        raise Refused(t("A job can be followed by at most {most} others.", most=MOST_THENS))
    params = _params(desk, spec, values, "linkagain", target)
    part = Part(free_id(parts, "t"), spec.name, params, after=span)
    await _keep(desk, draft, (*parts, part))


def _params(
    desk: Desk, spec: MethodSpec, values: Mapping[str, Any], opens: str, target: str
) -> dict[str, Any]:
    """Return the params of a part; raise Mistyped if they aren't complete or valid."""
    filled = fill(spec, values, desk.guild_id)
    wrong = [*filled.errors.values(), *(t("Still missing:") + f" {t(item.label)}" for item in filled.missing)]
    if wrong:
        raise Mistyped("\n".join(wrong[:5]), opens, target)
    return filled.params


async def remove(desk: Desk, draft_id: str) -> None:
    """Remove the picked part from a draft."""
    draft = await own_draft(desk, draft_id)
    picked = desk.picked()
    await _keep(desk, draft, tuple(part for part in parts_of(draft.values) if part.id != picked))


async def _keep(desk: Desk, draft: Draft, parts: tuple[Part, ...]) -> None:
    """Save a draft with other parts and show them."""
    if draft.job_id is not None and PARTS not in draft.values:
        raise Refused(t("What this job does before and after is hidden from you and stays as it is."))
    draft = with_parts(replace(draft, values=dict(draft.values)), parts)
    await desk.memory.save_draft(draft)
    await desk.show(parts_panel(desk, draft))


PANELS = (
    Panel(
        "draft",
        clicks={"parts": show_parts, "unlink": remove, "show": back_to_draft},
        opens={"ahead": ask_lead, "link": ask_then, "linkagain": ask_then_again},
        forms={"ahead": add_leads, "link": add_then},
    ),
)
