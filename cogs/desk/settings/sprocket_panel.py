"""The sprockets: the available ones, their jobs, and their settings in this server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, cast
from weakref import WeakValueDictionary

import discord
from discord import ui
from pydantic import BaseModel, ValidationError

from cogs.desk.drafts.draft import fill, label_of, typed
from cogs.desk.drafts.forms import parameter_field, read_form
from cogs.desk.drafts.options import with_options
from cogs.desk.kit.components import DeskSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.kinds import said_kind
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.modals import ask
from cogs.desk.kit.wording import MAX_FIELDS, MAX_LABEL, MAX_OPTION, NEUTRAL, cut, plain
from cogs.desk.settings.audit_panel import note_change
from cogs.language import shown_locale, t
from cogs.own_schedules import switched_on, understood
from cogs.services import Refused
from cogs.sprocket_loading import loader
from schedulezero.errors import SecretUnusable
from schedulezero.hiding import without_secrets
from schedulezero.methods.parameters import Parameter
from schedulezero.methods.spec import MethodSpec, spec_of
from schedulezero.methods.sprocket_settings import (
    StoredSettings,
    parameters_of_settings,
    save_settings,
    secret_settings,
    stored_settings,
)
from schedulezero.methods.values import read_params
from schedulezero.when.language.describe import describe

log = logging.getLogger(__name__)

_turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
"""Who saves a sprocket's settings in a guild. One process answers all interactions of a guild."""

_REMOVE = "remove:"
_FORM = "."  # between a sprocket and the number of its form; no name of a sprocket has one


async def show_sprockets(desk: Desk) -> None:
    """Show the loaded sprockets; to the bot's owner also the names of their jobs, and the ones not loaded."""
    bot = desk.bot
    loaded = loader.loaded(bot)
    found = loader.discover()
    owner = await bot.is_owner(desk.member)
    items: list[ui.Item[Any]] = [ui.TextDisplay(f"### {t('Sprockets')}")]
    lines: list[str] = []
    for name in loaded:
        jobs = [
            "-# " + (f"`{method}` " if owner else "") + plain(said_kind(spec, method))
            for method, function in sorted(loader.jobs_of(bot, name).items())
            if not (spec := spec_of(method, function)).internal
        ]
        lines.append("\n".join([f"**{name}** {found[name].release}", *jobs]))
    items.append(ui.TextDisplay(cut("\n".join(lines) or t("None are loaded."), 3000)))
    if owner:
        idle = [f"{name} ({found[name].release})" for name in found if name not in loaded]
        said = t("Not loaded: {names}. `/load_sprocket` loads one.", names=", ".join(idle) or "–")
        items.append(
            ui.TextDisplay(cut("\n".join([f"-# {said}", *loader.replaced(), *loader.clashes()]), 600))
        )
    options = [option for name in loaded for option in _options(desk, name)]
    if options:
        items.append(row_of(DeskSelect("sprocket", "configure", "all", t("Configure…"), options[:25])))
    if schedules := await _own_schedules(desk, loaded):
        asked = t("Switch a schedule on or off…")
        items.append(row_of(DeskSelect("own", "switch", "all", asked, schedules[:25])))
    await desk.show(panel_of(*items, colour=NEUTRAL))


async def _own_schedules(desk: Desk, loaded: list[str]) -> list[discord.SelectOption]:
    """Return an option for each schedule that the loaded sprockets bring, and whether it is on here."""
    found: list[discord.SelectOption] = []
    for name in loaded:
        for method, function in sorted(loader.jobs_of(desk.bot, name).items()):
            spec = spec_of(method, function)
            if not spec.schedule:
                continue
            is_on = await switched_on(desk.client, desk.guild_id, method) is not None
            when = describe(understood(spec.schedule, "UTC").trigger, "UTC", shown_locale())
            said = t("on: {schedule}", schedule=when) if is_on else t("off: {schedule}", schedule=when)
            found.append(
                discord.SelectOption(
                    label=cut(t(spec.summary), MAX_OPTION), value=method, description=cut(said, MAX_OPTION)
                )
            )
    return found


def _options(desk: Desk, name: str) -> list[discord.SelectOption]:
    """Return an option for each form of a sprocket's settings; a form has at most `MAX_FIELDS` of them."""
    if loader.cog_of(desk.bot, name) is None:
        return []
    count = len(_forms(_spec(name, _model(desk, name))))
    labels = [name] if count == 1 else [f"{name} {number}/{count}" for number in range(1, count + 1)]
    return [
        discord.SelectOption(
            label=label[:MAX_OPTION], value=name if number == 0 else f"{name}{_FORM}{number}"
        )
        for number, label in enumerate(labels)
    ]


async def configure(desk: Desk, _: str) -> None:
    """Open a form of a sprocket's settings, filled with this server's values."""
    desk.check_settings()
    picked = desk.picked()
    name, model, spec = _asked(desk, picked)
    stored = await stored_settings(desk.bot, name, model, desk.guild_id)
    values = typed(spec, stored.settings.model_dump(mode="json"))
    spec = await with_options(desk.bot, desk.guild.id, spec, values)
    fields: list[ui.Label[Any]] = []
    for item in spec.parameters:
        if item.secret:
            fields += _secret_fields(item, stored)
        else:
            fields.append(parameter_field(item, values.get(item.name)))
    await ask(desk, "sprocket", "settings", picked, t("Settings for {name}", name=name), fields)


def _secret_fields(item: Parameter, stored: StoredSettings[Any]) -> list[ui.Label[Any]]:
    """Return the empty field of a secret setting; for one that is set, also what removes it."""
    if item.name not in stored.secrets:
        return [parameter_field(item, None)]
    lost = item.name in stored.unreadable
    present = (
        t("Can't be decrypted. Enter it again.")
        if lost
        else t("Already set. Leave it empty to keep the current value.")
    )
    remove = ui.Label(
        text=cut(t("Remove: {label}", label=label_of(item)), MAX_LABEL),
        component=ui.Checkbox(custom_id=f"{_REMOVE}{item.name}"),
    )
    return [parameter_field(item, None, example=present), remove]


async def configured(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Save the submitted settings."""
    desk.check_settings()
    name, model, spec = _asked(desk, target)
    filled = fill(spec, read_form(fields)[0], desk.guild_id)
    if filled.errors or filled.missing:
        missing = [t("Still missing: {label}.", label=t(item.label)) for item in filled.missing]
        raise Refused("\n".join([t("Nothing was changed:"), *filled.errors.values(), *missing]))
    # A sprocket's settings are stored as a whole, and each of its forms changes a part of them.
    async with _turns.setdefault((desk.guild_id, name), asyncio.Lock()):
        await _save(desk, name, model, spec, filled.params, fields)
    await note_change(desk, "sprocket_configured", (), name=name)
    await desk.say(t("Saved. {name} uses these settings from its next run.", name=f"**{name}**"))


async def _save(
    desk: Desk,
    name: str,
    model: type[BaseModel],
    spec: MethodSpec,
    params: Mapping[str, Any],
    fields: Mapping[str, Any],
) -> None:
    """Save what was typed into a form, with the settings that it doesn't include as they are."""
    stored = await stored_settings(desk.bot, name, model, desk.guild_id)
    present = stored.settings.model_dump(mode="json")
    read = read_params(spec, params).values
    # What is typed replaces a secret; an empty field keeps it, unless it is to be removed.
    removed = {item.name for item in spec.parameters if item.secret and fields.get(f"{_REMOVE}{item.name}")}
    keep = stored.secrets - read.keys() - removed
    values = {**_hidden(present, spec), **{item: present[item] for item in keep}, **read}
    try:
        kept = model(**values)
    except ValidationError as error:
        # A sprocket's own check may quote a secret.
        secrets = [str(values.get(item) or "") for item in secret_settings(model)]
        said = without_secrets(str(error.errors(include_url=False)[0]["msg"]), secrets)
        if said is None:
            said = t("the settings don't fit together. The exact reason might reveal a secret.")
        raise Refused(t("Nothing was changed: {reason}", reason=said)) from None
    try:
        dumped = kept.model_dump(mode="json")
        await save_settings(desk.bot, name, model, desk.guild_id, dumped, keep=keep)
    except SecretUnusable as error:
        log.error("the secret settings of sprocket %s can't be saved: %s", name, error)
        raise Refused(
            t(
                "Nothing was changed: secrets can't be encrypted. The bot's owner can find the reason in "
                "my log."
            )
        ) from error


def _hidden(present: Mapping[str, Any], spec: MethodSpec) -> dict[str, Any]:
    """Return the settings that the form does not include, which stay as they are."""
    asked = {item.name for item in spec.parameters}
    return {name: value for name, value in present.items() if name not in asked}


def _asked(desk: Desk, picked: str) -> tuple[str, type[BaseModel], MethodSpec]:
    """Return the sprocket, the model of its settings, and those that the picked form includes."""
    name, _, number = picked.partition(_FORM)
    model = _model(desk, name)
    forms = _forms(_spec(name, model))
    index = int(number) if number.isdecimal() and len(number) < 3 else 0
    if index >= len(forms):
        raise Refused(t("“{name}” isn't loaded, or it has no settings.", name=picked[:50]))
    return name, model, MethodSpec(name, name, forms[index])


def _forms(spec: MethodSpec) -> list[tuple[Parameter, ...]]:
    """Return the settings by form; a secret one takes two fields, whether it is set or not."""
    forms: list[list[Parameter]] = []
    room = 0
    for item in spec.parameters:
        taken = 2 if item.secret else 1
        if taken > room:
            forms.append([])
            room = MAX_FIELDS
        forms[-1].append(item)
        room -= taken
    return [tuple(form) for form in forms]


def _model(desk: Desk, name: str) -> type[BaseModel]:
    cog = loader.cog_of(desk.bot, name) if name in loader.loaded(desk.bot) else None
    if cog is None:
        raise Refused(t("“{name}” isn't loaded, or it has no settings.", name=name[:50]))
    return cast("type[BaseModel]", getattr(cog, "settings"))  # noqa: B009 - declared by the sprocket


def _spec(name: str, model: type[BaseModel]) -> MethodSpec:
    """Return a sprocket's settings as the parameters of a form."""
    return MethodSpec(name, name, parameters_of_settings(model))


PANELS = (
    Panel(
        "sprocket",
        opens={"configure": configure},
        forms={"settings": configured},
    ),
)
