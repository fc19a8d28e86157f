"""Declared parameters → a modal → values. One step of a draft at a time.

A modal cannot answer a modal and has five fields; `draft.steps` says which they are. What was
submitted is read from the interaction itself and not from the modal object, so that a form which
was open while the bot restarted is understood all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import discord
from discord import ui

from cogs.desk.draft import steps
from cogs.desk.wording import MAX_LABEL, MAX_OPTION, cut
from schedulezero.memory import Draft
from schedulezero.methods import Kind, MethodSpec, Parameter

WHEN_FIELD = "when"
_PARAMETER_FIELD = "p:"
_FORM_ID = re.compile(r"sz-form:(?P<draft>[A-Za-z0-9]{1,40}):(?P<step>\d)")
_TEXT_CHANNELS = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.public_thread,
    discord.ChannelType.private_thread,
    discord.ChannelType.voice,
]
_LONGEST_TEXT = 4000
_LONGEST_MESSAGE = 2000
_LONGEST_WHEN = 200
_WHEN_EXAMPLES = "in 10 minutes · tomorrow at 9 · every monday at 18:00 · 0 9 * * 1-5"


class Form(ui.Modal):
    """The modal of one step. It only shows; `read_form` collects."""


def build_form(spec: MethodSpec, draft: Draft, step: int, *, keeps: str | None = None) -> Form:
    """The modal of a draft's step, filled with what the draft has.

    Parameters:
        spec: what the method declares.
        draft: what was typed so far.
        step: counted from 0; the first one also asks when.
        keeps: for an edit, the present schedule in words, which an empty field leaves as it is.
    """
    verb = "Edit" if draft.job_id else "Schedule"
    form = Form(
        title=cut(f"{verb}: {spec.summary.rstrip('.')}", MAX_LABEL), custom_id=f"sz-form:{draft.id}:{step}"
    )
    for parameter in steps(spec)[step]:
        form.add_item(
            ui.Label(
                text=cut(_label(parameter), MAX_LABEL),
                description=cut(_help(parameter), MAX_OPTION) or None,
                component=_field(parameter, draft.values.get(parameter.name)),
            )
        )
    if step == 0:
        description = f"Leave it empty to keep: {keeps}" if keeps else _WHEN_EXAMPLES
        form.add_item(
            ui.Label(
                text="When",
                description=cut(description, MAX_OPTION),
                component=ui.TextInput(
                    custom_id=WHEN_FIELD,
                    required=keeps is None,
                    max_length=_LONGEST_WHEN,
                    placeholder="tomorrow at 9",
                    default=draft.when or None,
                ),
            )
        )
    return form


def form_of(interaction: discord.Interaction) -> tuple[str, int] | None:
    """The draft's id and the step that a submitted modal belongs to, None when it is not ours."""
    match = _FORM_ID.fullmatch(str((interaction.data or {}).get("custom_id", "")))
    return (match["draft"], int(match["step"])) if match else None


def read_form(interaction: discord.Interaction) -> tuple[dict[str, Any], str | None]:
    """What was typed: parameter name → value, and the text of *when* if it was asked."""
    values: dict[str, Any] = {}
    when: str | None = None
    for component in _controls((interaction.data or {}).get("components", [])):
        custom_id = str(component.get("custom_id", ""))
        value = component["values"] if "values" in component else component.get("value")
        if custom_id == WHEN_FIELD:
            when = str(value or "")
        elif custom_id.startswith(_PARAMETER_FIELD):
            values[custom_id.removeprefix(_PARAMETER_FIELD)] = value
    return values, when


def _controls(components: Any) -> Iterator[dict[str, Any]]:
    for component in components:
        if isinstance(component.get("component"), dict):
            yield component["component"]
        else:
            yield from component.get("components", ())


def _label(parameter: Parameter) -> str:
    return parameter.label if parameter.required else f"{parameter.label} (optional)"


def _help(parameter: Parameter) -> str:
    if parameter.default is not None:
        return f"{parameter.help} ({parameter.default} if left empty)".strip()
    return parameter.help


def _field(parameter: Parameter, value: Any) -> ui.Item[Any]:
    """The field that suits a parameter, filled with the value that it has."""
    custom_id, required, kind = f"{_PARAMETER_FIELD}{parameter.name}", parameter.required, parameter.kind
    if kind in (Kind.CHANNEL, Kind.CHANNELS):
        return ui.ChannelSelect(
            custom_id=custom_id,
            channel_types=_TEXT_CHANNELS,
            required=required,
            max_values=25 if kind is Kind.CHANNELS else 1,
            default_values=_objects(value, discord.abc.GuildChannel),
        )
    if kind is Kind.ROLE:
        return ui.RoleSelect(
            custom_id=custom_id, required=required, default_values=_objects(value, discord.Role)
        )
    if kind in (Kind.USER, Kind.USERS):
        return ui.UserSelect(
            custom_id=custom_id,
            required=required,
            max_values=25 if kind is Kind.USERS else 1,
            default_values=_objects(value, discord.User),
        )
    if kind is Kind.BOOLEAN:
        return ui.Checkbox(custom_id=custom_id, default=bool(value))
    long = kind in (Kind.LONG_TEXT, Kind.OBJECT, Kind.LIST)
    return ui.TextInput(
        custom_id=custom_id,
        style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
        required=required,
        max_length=_longest(parameter),
        placeholder=cut(parameter.default, MAX_OPTION) if parameter.default else None,
        default=cut(str(value), _longest(parameter)) if value not in (None, "") else None,
    )


def _longest(parameter: Parameter) -> int:
    if parameter.kind in (Kind.INTEGER, Kind.NUMBER):
        return 20
    if parameter.name in ("message", "content"):
        return _LONGEST_MESSAGE
    return _LONGEST_TEXT if parameter.kind in (Kind.LONG_TEXT, Kind.OBJECT, Kind.LIST) else 256


def _objects(value: Any, kind: type[Any]) -> list[discord.Object]:
    items = value if isinstance(value, list) else []
    return [discord.Object(int(item), type=kind) for item in items if str(item).isdigit()][:25]
