"""Forms: fields in, values out. What is submitted is read from the interaction, so that a form that was
open while the bot restarted is understood all the same."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import discord
from discord import ui

from cogs.desk.kit.replies import answer
from cogs.language import t
from cogs.services import Refused

FormAction = Callable[[discord.Interaction, str, Mapping[str, Any]], Awaitable[None]]
_FormAction = TypeVar("_FormAction", bound=FormAction)

IDS = r"(?P<panel>[a-z]+):(?P<action>[a-z0-9]+):(?P<target>[A-Za-z0-9_.:\-]{1,75})"
"""How a custom id ends: whose it is, what it does, to what."""
_FORM = re.compile(rf"sz-form:{IDS}")
_FORMS: dict[tuple[str, str], FormAction] = {}


def form_action(panel: str, name: str) -> Callable[[_FormAction], _FormAction]:
    """Registers what is done with a submitted form; it gets field name → value."""

    def register(function: _FormAction) -> _FormAction:
        _FORMS[panel, name] = function
        return function

    return register


class Form(ui.Modal):
    """A modal. It only shows; `submitted` collects."""


async def ask(
    interaction: discord.Interaction,
    panel: str,
    name: str,
    target: str,
    title: str,
    fields: Sequence[ui.Label[Any]],
) -> None:
    """Opens a form; what is submitted reaches the `form_action` of that panel and name."""
    await interaction.response.send_modal(new_form(panel, name, target, title, fields))


def new_form(panel: str, name: str, target: str, title: str, fields: Sequence[ui.Label[Any]]) -> Form:
    """A form with at most five fields."""
    form = Form(title=title[:45], custom_id=f"sz-form:{panel}:{name}:{target}")
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
    """A field to type in."""
    return ui.Label(
        text=label[:45],
        description=description[:100] if description else None,
        component=ui.TextInput(
            custom_id=name,
            style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
            required=required,
            max_length=most,
            placeholder=placeholder[:100] if placeholder else None,
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
    """A field to choose in."""
    return ui.Label(
        text=label[:45],
        description=description[:100] if description else None,
        component=ui.Select(custom_id=name, options=options, required=required),
    )


def is_form(interaction: discord.Interaction) -> bool:
    """Whether a submitted modal is one of the desk's."""
    return _FORM.fullmatch(str((interaction.data or {}).get("custom_id", ""))) is not None


async def submitted(interaction: discord.Interaction) -> None:
    """Answers a submitted form, also one that was open while the bot restarted."""
    match = _FORM.fullmatch(str((interaction.data or {}).get("custom_id", "")))
    assert match is not None, "the caller looked"

    async def work() -> None:
        function = _FORMS.get((match["panel"], match["action"]))
        if function is None:
            raise Refused(t("This form belongs to an older version of me; use the command again."))
        values = {
            str(control.get("custom_id", "")): control["values"]
            if "values" in control
            else control.get("value")
            for control in _controls((interaction.data or {}).get("components", []))
        }
        await function(interaction, match["target"], values)

    await answer(interaction, work)


def _controls(components: Any) -> Iterator[dict[str, Any]]:
    for component in components:
        if isinstance(component.get("component"), dict):
            yield component["component"]
        else:
            yield from component.get("components", ())
