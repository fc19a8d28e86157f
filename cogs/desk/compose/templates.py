"""Templates of the guild: saved from a draft, used by ``/schedule create template:``, listed and changed.

Whoever may schedule uses them; changing them requires *Manage Server*. A used template becomes a draft: forms
ask for its blanks, then the ordinary card follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands, ui

from cogs.desk.compose.template_values import EDITED, answers_in, blank_fields, is_too_large, kept_values
from cogs.desk.creating.create import here, new_draft
from cogs.desk.creating.draft_view import loaded, own_draft, show_draft
from cogs.desk.drafts.draft import NAME
from cogs.desk.drafts.forms import build_form
from cogs.desk.drafts.parts import PARTS, SpecOf
from cogs.desk.kit.components import DeskButton, DeskSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.kinds import said_kind
from cogs.desk.kit.lacking import lacks_of
from cogs.desk.kit.layout import note_panel, panel_of, row_of
from cogs.desk.kit.modals import Form, ask, new_form, open_form, text_field
from cogs.desk.kit.wording import BAD, NEUTRAL, cut, plain, relative
from cogs.kept_templates import LONGEST_NAME, MOST_TEMPLATES, Outcome, Template
from cogs.language import t, tc, tn, with_colon
from cogs.memory import Draft, Memory, new_id
from cogs.services import Refused, spec_for
from schedulezero.compose.blanks import MOST_BLANKS, blanks_in, filled_in
from schedulezero.methods.spec import MethodSpec

_MOST_OPTIONS = 25  # of a select
_ALL = "all"


# -------------------------------------------------------------------- using


async def begin(desk: Desk, given: str, *, name: str | None, when: str | None) -> None:
    """Answer ``/schedule create template:`` with the form of its blanks, or with the question when.

    Parameters:
        desk: who.
        given: the template's id, or its name as typed.
        name: a name for the job.
        when: the schedule, as typed.
    """
    template = await _found(desk, given)
    spec = loaded(desk, template.method)
    draft = here(desk, new_draft(desk, template.method, values=template.values, when=when), spec)
    if name and name.strip():
        draft.values[NAME] = name.strip()[:100]
    if blanks_in(draft.values):
        await open_form(desk, _blanks_form(draft, template.name))
    elif not draft.when:
        lacks = await lacks_of(desk)
        await open_form(desk, build_form(spec, draft, "when", lacks=lacks))
    else:
        await desk.acknowledge()
    await desk.memory.save_draft(draft)
    if desk.interaction.response.type is not discord.InteractionResponseType.modal:
        await show_draft(desk, draft, spec)


async def use(desk: Desk, template_id: str) -> None:
    """Use the template of a list."""
    await begin(desk, template_id, name=None, when=None)


async def ask_blanks(desk: Desk, draft_id: str) -> None:
    """Open the form of a draft's first blanks."""
    draft = await own_draft(desk, draft_id)
    if not blanks_in(draft.values):
        await show_draft(desk, draft, loaded(desk, draft.method))
        return
    await open_form(desk, _blanks_form(draft, t("Fill in the blanks")))


def _blanks_form(draft: Draft, title: str) -> Form:
    return new_form("tmpl", "blanks", draft.id, title, blank_fields(blanks_in(draft.values)))


async def fill_blanks(desk: Desk, draft_id: str, fields: Mapping[str, Any]) -> None:
    """Fill in what the form asked for; ask on if more is blank, or show the card."""
    draft = await own_draft(desk, draft_id)
    draft = replace(draft, values=filled_in(draft.values, answers_in(fields)))
    await desk.memory.save_draft(draft)
    left = blanks_in(draft.values)
    if not left:
        await show_draft(desk, draft, loaded(desk, draft.method))
        return
    names = ", ".join(plain(blank.name) for blank in left)
    said = t("Still to fill in: {names}", names=cut(names, 500))
    panel = note_panel(
        said,
        DeskButton("tmpl", "blanks", draft.id, t("Continue"), style=discord.ButtonStyle.primary),
        DeskButton("tools", "back", draft.id, t("Show the draft")),
        colour=NEUTRAL,
    )
    await desk.show(panel)


async def choices(memory: Memory, guild_id: str, typed: str) -> list[app_commands.Choice[str]]:
    """Suggest the guild's templates while a name is typed."""
    wanted = typed.strip().casefold()
    found = [item for item in await memory.templates.of(guild_id) if wanted in item.name.casefold()]
    found.sort(key=lambda item: not item.name.casefold().startswith(wanted))  # stable: by name within each
    return [app_commands.Choice(name=item.name, value=item.id) for item in found[:_MOST_OPTIONS]]


async def _found(desk: Desk, given: str) -> Template:
    """Return the guild's template of that id or name."""
    template = await desk.memory.templates.get(given, desk.guild_id)
    if template is not None:
        return template
    wanted = " ".join(given.split()).casefold()
    for item in await desk.memory.templates.of(desk.guild_id):
        if item.name.casefold() == wanted:
            return item
    raise Refused(
        t(
            "There is no template called “{name}” here. `/schedule templates` lists them.",
            name=plain(given)[:80],
        )
    )


# -------------------------------------------------------------------- saving


async def ask_to_save(desk: Desk, draft_id: str) -> None:
    """Ask for a template's name."""
    _check(desk)
    draft = await own_draft(desk, draft_id)
    edited = draft.values.get(EDITED)
    name = edited["name"] if edited else str(draft.values.get(NAME) or "")
    await ask(desk, "tmpl", "save", draft.id, t("Save as template"), [_name_field(name)])


def _name_field(name: str) -> ui.Label[Any]:
    return text_field(
        "name",
        t("Name of the template"),
        value=name,
        description=t("Blanks are written as {?name} or {?name: example}"),
        required=True,
        most=LONGEST_NAME,
    )


async def save(desk: Desk, draft_id: str, fields: Mapping[str, Any]) -> None:
    """Save a draft as a template, or the template that the draft changes."""
    _check(desk)
    draft = await own_draft(desk, draft_id)
    spec = loaded(desk, draft.method)
    values = _keepable(spec, draft.values, lambda method: spec_for(desk.bot, method))
    edited = draft.values.get(EDITED)
    template = Template(
        id=edited["id"] if edited else new_id(),
        guild_id=desk.guild_id,
        name=_name(fields),
        method=draft.method,
        values=values,
        creator_id=desk.actor_id,
    )
    templates = desk.memory.templates
    if edited:
        before = await _own(desk, template.id)
        template = replace(template, version=int(edited["version"]), creator_id=before.creator_id)
        _refuse(await templates.change(template))
        await desk.memory.take_draft(draft.id)
    else:
        _refuse(await templates.add(template))
    await show(desk, template.id, heading=t("Saved"))
    if draft.values.get(PARTS) and PARTS not in values:
        await desk.say(
            t(
                "*Before and after* was left out of the template, because it contains something that not "
                "everyone is allowed to see."
            )
        )


def _keepable(spec: MethodSpec, values: Mapping[str, Any], spec_of: SpecOf) -> dict[str, Any]:
    kept = kept_values(spec, values, spec_of)
    if not any(not name.startswith("#") for name in kept):
        raise Refused(t("The draft is still empty."))
    if len(blanks_in(kept)) > MOST_BLANKS:
        raise Refused(t("A template can have at most {count} blanks.", count=MOST_BLANKS))
    if is_too_large(kept):
        raise Refused(t("This draft is too large for a template."))
    return kept


def _name(fields: Mapping[str, Any]) -> str:
    name = " ".join(str(fields.get("name") or "").split())[:LONGEST_NAME]
    if not name:
        raise Refused(t("Give the template a name."))
    return name


def _refuse(outcome: Outcome) -> None:
    """Raise Refused for a change that was not made."""
    if outcome is Outcome.NAME_TAKEN:
        raise Refused(t("Another template here already has this name. Choose a different name."))
    if outcome is Outcome.FULL:
        raise Refused(t("This server already has {count} templates. Delete one first.", count=MOST_TEMPLATES))
    if outcome is Outcome.CHANGED:
        raise Refused(t("Someone else has just changed or deleted this template."))


def _check(desk: Desk) -> None:
    """Raise Refused unless the person manages the server."""
    if not desk.manages:
        raise Refused(t("You need the *Manage Server* permission to change templates."))


# -------------------------------------------------------------------- list and card


async def show_all(desk: Desk, _target: str = _ALL) -> None:
    """Answer ``/schedule templates`` with the guild's templates."""
    found = await desk.memory.templates.of(desk.guild_id)
    if not found:
        said = t(
            "There are no templates here yet. Start a draft with `/schedule create`, write blanks such "
            "as `{blank}` in it, and choose *More…*, then *Save as template*.",
            blank="{?name}",
        )
        await desk.show(note_panel(said, colour=NEUTRAL))
        return
    lines = [f"### {t('Templates')}"]
    lines += [f"- **{plain(item.name)}** · {relative(item.changed_at)}" for item in found]
    rows: list[ui.Item[Any]] = []
    for number, start in enumerate(range(0, len(found), _MOST_OPTIONS)):
        options = [
            discord.SelectOption(label=item.name, value=item.id, description=_kind(desk, item))
            for item in found[start : start + _MOST_OPTIONS]
        ]
        rows.append(row_of(DeskSelect("tmpl", "pick", f"{_ALL}.{number}", t("Choose a template…"), options)))
    await desk.show(panel_of(ui.TextDisplay("\n".join(lines)), *rows, colour=NEUTRAL))


def _kind(desk: Desk, template: Template) -> str:
    spec = spec_for(desk.bot, template.method)
    return cut(said_kind(spec, template.method), 100)


async def pick(desk: Desk, _target: str) -> None:
    """Show the picked template."""
    await show(desk, desk.picked())


async def show(desk: Desk, template_id: str, *, heading: str | None = None) -> None:
    """Show a template with its actions."""
    template = await _own(desk, template_id)
    blanks = blanks_in(template.values)
    title = f"{with_colon(heading)} {plain(template.name)}" if heading else plain(template.name)
    lines = [f"### {title}", plain(_kind(desk, template))]
    if blanks:
        names = ", ".join(plain(blank.name) for blank in blanks)
        lines.append(f"**{tn('{count} blank:', '{count} blanks:', len(blanks))}** {cut(names, 800)}")
    if template.creator_id:
        lines.append(f"**{t('By:')}** <@{template.creator_id}>")
    buttons = [DeskButton("tmpl", "use", template.id, t("Use it"), style=discord.ButtonStyle.primary)]
    if desk.manages:
        buttons += [
            DeskButton("tmpl", "edit", template.id, t("Edit")),
            DeskButton("tmpl", "rename", template.id, t("Rename")),
            DeskButton("tmpl", "delete", template.id, t("Delete"), style=discord.ButtonStyle.danger),
        ]
    buttons.append(DeskButton("tmpl", "list", _ALL, t("All templates")))
    await desk.show(panel_of(ui.TextDisplay("\n".join(lines)), row_of(*buttons), colour=NEUTRAL))


async def _own(desk: Desk, template_id: str) -> Template:
    """Return the guild's template of that id; raise Refused if it is gone."""
    template = await desk.memory.templates.get(template_id, desk.guild_id)
    if template is None:
        raise Refused(t("This template was deleted."))
    return template


async def edit(desk: Desk, template_id: str) -> None:
    """Show a template as a draft that changes it."""
    _check(desk)
    template = await _own(desk, template_id)
    spec = loaded(desk, template.method)
    edited = {"id": template.id, "version": template.version, "name": template.name}
    draft = new_draft(desk, template.method, values={**template.values, EDITED: edited})
    await desk.memory.save_draft(draft)
    said = t(
        "You're editing the template “{name}”. To save it, choose *More…*, then *Save the template*.",
        name=plain(template.name),
    )
    await show_draft(desk, draft, spec, told=said)


async def ask_name(desk: Desk, template_id: str) -> None:
    """Ask for a template's new name."""
    _check(desk)
    template = await _own(desk, template_id)
    target = f"{template.id}.{template.version}"
    await ask(desk, "tmpl", "rename", target, t("Rename"), [_name_field(template.name)])


async def rename(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Give a template another name; the target is ``<template>.<version>``."""
    _check(desk)
    template_id, _, version = target.partition(".")
    template = await _own(desk, template_id)
    if str(template.version) != version:
        _refuse(Outcome.CHANGED)
    _refuse(await desk.memory.templates.change(replace(template, name=_name(fields))))
    await show(desk, template.id, heading=tc("a template", "Changed"))


async def ask_delete(desk: Desk, template_id: str) -> None:
    """Ask before a template is deleted."""
    _check(desk)
    template = await _own(desk, template_id)
    said = t("Delete the template “{name}”? Jobs created from it will be kept.", name=plain(template.name))
    panel = note_panel(
        said,
        DeskButton("tmpl", "drop", template.id, t("Delete"), style=discord.ButtonStyle.danger),
        DeskButton("tmpl", "show", template.id, tc("a template", "Keep it")),
        colour=BAD,
    )
    await desk.show(panel)


async def delete(desk: Desk, template_id: str) -> None:
    """Delete a template."""
    _check(desk)
    if not await desk.memory.templates.delete(template_id, desk.guild_id):
        raise Refused(t("This template was deleted."))
    await show_all(desk)


PANELS = (
    Panel(
        "tmpl",
        clicks={
            "list": show_all,
            "pick": pick,
            "show": show,
            "edit": edit,
            "delete": ask_delete,
            "drop": delete,
        },
        opens={"use": use, "blanks": ask_blanks, "save": ask_to_save, "rename": ask_name},
        forms={"blanks": fill_blanks, "save": save, "rename": rename},
    ),
)
