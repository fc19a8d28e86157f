"""Forms: fields in, values out. Values are read from the interaction, so that a form opened before a restart
still works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import discord
from discord import ui

from cogs.desk.kit.components import objects
from cogs.desk.kit.context import Caller, Desk
from cogs.desk.kit.defaults import drop_stale_defaults
from cogs.desk.kit.wording import MAX_LABEL, MAX_OPTION


class Form(ui.Modal):
    """A modal. It only shows fields; the dispatcher collects the values."""


async def ask(
    desk: Desk,
    panel: str,
    name: str,
    target: str,
    title: str,
    fields: Sequence[ui.Label[Any]],
) -> None:
    """Open a form; its values go to the action of that panel and name."""
    await open_form(desk, new_form(panel, name, target, title, fields))


async def open_form(desk: Caller, form: Form) -> None:
    """Open a form that is built already, filled in as it was before it was refused."""
    _fill_in(form, desk.typed)
    await drop_stale_defaults(desk.interaction, form)
    await desk.interaction.response.send_modal(form)


def _fill_in(form: Form, typed: Mapping[str, Any]) -> None:
    for item in form.walk_children():
        value = typed.get(getattr(item, "custom_id", ""))
        if isinstance(item, ui.TextInput) and isinstance(value, str):
            item.default = value[: item.max_length] or None
        elif isinstance(item, ui.Checkbox) and isinstance(value, bool):
            item.default = value
        elif isinstance(item, ui.Select) and isinstance(value, list):
            for option in item.options:
                option.default = option.value in value
        elif isinstance(item, ui.ChannelSelect) and isinstance(value, list):
            item.default_values = objects(value, discord.abc.GuildChannel)
        elif isinstance(item, ui.RoleSelect) and isinstance(value, list):
            item.default_values = objects(value, discord.Role)


def new_form(panel: str, name: str, target: str, title: str, fields: Sequence[ui.Label[Any]]) -> Form:
    """Return a form with those fields, at most `MAX_FIELDS`."""
    form = Form(title=title[:MAX_LABEL], custom_id=f"sz-form:{panel}:{name}:{target}")
    for field in fields:
        form.add_item(field)
    return form


def text_field(
    name: str,
    label: str,
    *,
    value: str | None = None,
    description: str | None = None,
    placeholder: str | None = None,
    required: bool = False,
    long: bool = False,
    most: int = 200,
) -> ui.Label[Any]:
    """Return a text field."""
    return ui.Label(
        text=label[:MAX_LABEL],
        description=description[:MAX_OPTION] if description else None,
        component=ui.TextInput(
            custom_id=name,
            style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
            required=required,
            max_length=most,
            placeholder=placeholder[:MAX_OPTION] if placeholder else None,
            default=value[:most] if value else None,
        ),
    )


def choice_field(
    name: str,
    label: str,
    options: list[discord.SelectOption],
    *,
    description: str | None = None,
    required: bool = False,
) -> ui.Label[Any]:
    """Return a select field."""
    return ui.Label(
        text=label[:MAX_LABEL],
        description=description[:MAX_OPTION] if description else None,
        component=ui.Select(custom_id=name, options=options, required=required),
    )


def submitted(interaction: discord.Interaction) -> Mapping[str, Any]:
    """Return field name → value of a submitted form."""
    return {
        str(control.get("custom_id", "")): control["values"] if "values" in control else control.get("value")
        for control in _controls((interaction.data or {}).get("components", []))
    }


def _controls(components: Any) -> Iterator[dict[str, Any]]:
    for component in components:
        if isinstance(component.get("component"), dict):
            yield component["component"]
        else:
            yield from component.get("components", ())
