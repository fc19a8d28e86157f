"""Buttons, selects and forms that outlive restarts: their custom id says everything.

A custom id is ``<prefix>:<panel>:<action>:<target>``, where the target is an id (a job's, a draft's,
a panel's). A panel's module registers its actions with `action`; the classes below find them again
after any restart, because discord.py builds dynamic items from the custom id alone. Forms are read
from the interaction and not from a modal object, for the same reason.

Each click is checked afresh (guild, rights) and answered in words whatever happens.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import discord
from discord import ui

from cogs.desk.language import speaking, t, translated
from cogs.services import Refused, services_of
from schedulezero.errors import ScheduleZeroError

log = logging.getLogger(__name__)

Action = Callable[[discord.Interaction, str], Awaitable[None]]
FormAction = Callable[[discord.Interaction, str, Mapping[str, Any]], Awaitable[None]]
_Action = TypeVar("_Action", bound=Action)
_FormAction = TypeVar("_FormAction", bound=FormAction)

_IDS = r"(?P<panel>[a-z]+):(?P<action>[a-z0-9]+):(?P<target>[A-Za-z0-9_.:\-]{1,75})"
_FORM = re.compile(rf"sz-form:{_IDS}")
_ACTIONS: dict[tuple[str, str], Action] = {}
_FORMS: dict[tuple[str, str], FormAction] = {}


def action(panel: str, name: str) -> Callable[[_Action], _Action]:
    """Registers what a button or select of a panel does."""

    def register(function: _Action) -> _Action:
        _ACTIONS[panel, name] = function
        return function

    return register


def form_action(panel: str, name: str) -> Callable[[_FormAction], _FormAction]:
    """Registers what is done with a submitted form; it gets field name → value."""

    def register(function: _FormAction) -> _FormAction:
        _FORMS[panel, name] = function
        return function

    return register


class DeskButton(ui.DynamicItem[ui.Button[Any]], template=rf"sz:{_IDS}"):
    """A button of a panel.

    Parameters:
        panel, name, target: what it does to what, see `action`.
        label: its text.
        style: its colour; red only for what ends something.
        disabled: greyed out.
    """

    def __init__(
        self,
        panel: str,
        name: str,
        target: str,
        label: str,
        *,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        disabled: bool = False,
    ) -> None:
        custom_id = f"sz:{panel}:{name}:{target}"
        super().__init__(ui.Button(label=label[:80], style=style, custom_id=custom_id, disabled=disabled))
        self.key, self.target = (panel, name), target

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> DeskButton:
        assert isinstance(item, ui.Button)
        return cls(match["panel"], match["action"], match["target"], item.label or "…", style=item.style)

    async def callback(self, interaction: discord.Interaction) -> None:
        await _act(interaction, self.key, self.target)


class DeskSelect(ui.DynamicItem[ui.Select[Any]], template=rf"sz-pick:{_IDS}"):
    """A select of a panel; its action finds what was picked with `picked` or `all_picked`."""

    def __init__(
        self,
        panel: str,
        name: str,
        target: str,
        placeholder: str,
        options: list[discord.SelectOption],
        *,
        most: int = 1,
    ) -> None:
        custom_id = f"sz-pick:{panel}:{name}:{target}"
        select: ui.Select[Any] = ui.Select(
            placeholder=placeholder[:150], options=options, custom_id=custom_id, max_values=most
        )
        super().__init__(select)
        self.key, self.target = (panel, name), target

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> DeskSelect:
        assert isinstance(item, ui.Select)
        return cls(match["panel"], match["action"], match["target"], "…", item.options, most=item.max_values)

    async def callback(self, interaction: discord.Interaction) -> None:
        await _act(interaction, self.key, self.target)


class DeskChannelSelect(ui.DynamicItem[ui.ChannelSelect[Any]], template=rf"sz-channel:{_IDS}"):
    """A select of a channel where messages can be posted."""

    def __init__(
        self, panel: str, name: str, target: str, placeholder: str, chosen: str | None = None
    ) -> None:
        select: ui.ChannelSelect[Any] = ui.ChannelSelect(
            placeholder=placeholder[:150],
            channel_types=TEXT_CHANNELS,
            custom_id=f"sz-channel:{panel}:{name}:{target}",
            default_values=objects([chosen] if chosen else [], discord.abc.GuildChannel),
        )
        super().__init__(select)
        self.key, self.target = (panel, name), target

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> DeskChannelSelect:
        return cls(match["panel"], match["action"], match["target"], "…")

    async def callback(self, interaction: discord.Interaction) -> None:
        await _act(interaction, self.key, self.target)


class DeskRoleSelect(ui.DynamicItem[ui.RoleSelect[Any]], template=rf"sz-role:{_IDS}"):
    """A select of any number of roles, also of none."""

    def __init__(
        self, panel: str, name: str, target: str, placeholder: str, chosen: Sequence[str] = ()
    ) -> None:
        select: ui.RoleSelect[Any] = ui.RoleSelect(
            placeholder=placeholder[:150],
            custom_id=f"sz-role:{panel}:{name}:{target}",
            min_values=0,
            max_values=25,
            default_values=objects(chosen, discord.Role),
        )
        super().__init__(select)
        self.key, self.target = (panel, name), target

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> DeskRoleSelect:
        return cls(match["panel"], match["action"], match["target"], "…")

    async def callback(self, interaction: discord.Interaction) -> None:
        await _act(interaction, self.key, self.target)


DYNAMIC_ITEMS = (DeskButton, DeskSelect, DeskChannelSelect, DeskRoleSelect)

MOST_TEXT = 4000
"""Characters in all texts of a panel together, as Discord takes them."""

TEXT_CHANNELS = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.public_thread,
    discord.ChannelType.private_thread,
    discord.ChannelType.voice,
]


def objects(ids: Any, kind: type[Any]) -> list[discord.Object]:
    """Ids as the default values of a select, at most 25."""
    items = ids if isinstance(ids, list | tuple) else []
    return [discord.Object(int(item), type=kind) for item in items if str(item).isdigit()][:25]


def all_picked(interaction: discord.Interaction) -> list[str]:
    """The values that were picked in a select."""
    values: list[str] = (interaction.data or {}).get("values", [])  # type: ignore[assignment]
    return values


def picked(interaction: discord.Interaction) -> str:
    """The value that was picked in a select; Refused when none was."""
    values = all_picked(interaction)
    if not values:
        raise Refused(t("Nothing was picked."))
    return values[0]


# -------------------------------------------------------------------- forms


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


# -------------------------------------------------------------------- answers


async def _act(interaction: discord.Interaction, key: tuple[str, str], target: str) -> None:
    async def work() -> None:
        function = _ACTIONS.get(key)
        if function is None:
            raise Refused(t("This button belongs to an older version of me; use the command again."))
        await function(interaction, target)

    await answer(interaction, work)


async def answer(interaction: discord.Interaction, work: Callable[[], Awaitable[None]]) -> None:
    """Does what a manager of the server asked for; whatever goes wrong becomes an answer to them."""
    with speaking(interaction.locale):
        try:
            await check_manager(interaction)
            await work()
        except ScheduleZeroError as error:
            await say(interaction, translated(error.message))
        except discord.HTTPException:
            raise
        except Exception:
            reference = secrets.token_hex(3)
            log.exception("interaction failed (reference %s)", reference)
            await say(
                interaction,
                t(
                    "Something went wrong on my side; nothing was changed. The bot's owner finds it in the "
                    "log under `{reference}`.",
                    reference=reference,
                ),
            )


async def check_manager(interaction: discord.Interaction) -> None:
    """Refuses whoever may not manage the server or has no role for it, whatever Discord let through."""
    if interaction.guild is None or not isinstance(interaction.user, discord.Member):
        raise Refused(t("Use this in a server."))
    if interaction.permissions.manage_guild:
        return
    settings = await services_of(interaction.client).memory.settings(interaction.guild.id)
    if not {str(role.id) for role in interaction.user.roles} & set(settings.manager_role_ids):
        raise Refused(
            t("For this you need the permission *Manage Server* here, or a role that may schedule.")
        )


def guild_id_of(interaction: discord.Interaction) -> str:
    """The guild of an interaction, as jobs carry it."""
    assert interaction.guild_id is not None
    return str(interaction.guild_id)


def member_of(interaction: discord.Interaction) -> discord.Member:
    """Whoever used it, as a member of the guild."""
    assert isinstance(interaction.user, discord.Member)
    return interaction.user


async def say(interaction: discord.Interaction, text: str) -> None:
    """Tells the person something, for their eyes only, however far the interaction has come."""
    quiet = discord.AllowedMentions.none()
    if interaction.response.is_done():
        await interaction.followup.send(text[:2000], ephemeral=True, allowed_mentions=quiet)
    else:
        await interaction.response.send_message(text[:2000], ephemeral=True, allowed_mentions=quiet)


async def acknowledge(interaction: discord.Interaction) -> None:
    """Answers at once, so that slow calls may follow: in the panel that was clicked, or anew."""
    if interaction.response.is_done():
        return
    if interaction.message is not None and not anew(interaction):
        await interaction.response.defer()
    else:
        await interaction.response.defer(ephemeral=True, thinking=True)


def anew(interaction: discord.Interaction) -> bool:
    """Whether the answer is a message of its own: one that everybody sees is not written over."""
    return interaction.message is not None and not interaction.message.flags.ephemeral


async def show(
    interaction: discord.Interaction, panel: ui.LayoutView, files: Sequence[discord.File] = ()
) -> None:
    """Puts a panel where the interaction began: over the panel that was clicked, or anew."""
    await acknowledge(interaction)
    fit(panel)
    await interaction.edit_original_response(
        view=panel, attachments=list(files), allowed_mentions=discord.AllowedMentions.none()
    )


def fit(panel: ui.LayoutView) -> None:
    """Shortens the longest texts of a panel until Discord takes all of them together."""
    texts = [item for item in panel.walk_children() if isinstance(item, ui.TextDisplay)]
    while (over := sum(len(text.content) for text in texts) - MOST_TEXT) > 0:
        longest = max(texts, key=lambda text: len(text.content))
        longest.content = f"{longest.content[: max(len(longest.content) - over - 1, 40)]}…"


def panel_of(*items: ui.Item[Any], colour: discord.Colour | None) -> ui.LayoutView:
    """A panel: items one below the other in a frame with a coloured edge."""
    view = ui.LayoutView(timeout=None)
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=colour)
    for item in items:
        container.add_item(item)
    view.add_item(container)
    return view


def row_of(*items: ui.Item[Any]) -> ui.ActionRow[ui.LayoutView]:
    """A row of up to five buttons, or one select."""
    row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
    for item in items:
        row.add_item(item)
    return row


def note_panel(text: str, *buttons: DeskButton, colour: discord.Colour) -> ui.LayoutView:
    """A sentence in the place of a panel, with buttons where something can still be done."""
    shown: list[ui.Item[Any]] = [ui.TextDisplay(text if len(text) <= 3500 else f"{text[:3499]}…")]
    if buttons:
        shown.append(row_of(*buttons))
    return panel_of(*shown, colour=colour)
