"""A sprocket's own settings: declared as a pydantic model, edited in Discord, stored per guild.

    class WelcomeSettings(BaseModel):
        greeting: Annotated[Text, Field(max_length=200, description="What to say")] = "Hello"
        api_key: SecretText = ""

    class WelcomeSprocket(RegisteringCog):
        settings = WelcomeSettings

``/sprockets`` then has a *Configure* button for it, and a job reads them with `settings_of`. Secret ones are
stored encrypted (`schedulezero.storage.sealing`). Only `settings_of` opens them; no form shows them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError

from schedulezero.errors import JobFailed, SecretUnusable
from schedulezero.methods.annotations import declares_secret, parameter_from
from schedulezero.methods.declaring import DeclarationError, check_setting
from schedulezero.methods.host import Secrets, host_of
from schedulezero.methods.note_kinds import SPROCKET_SETTINGS
from schedulezero.methods.parameters import Kind, Parameter

log = logging.getLogger(__name__)

Model = TypeVar("Model", bound=BaseModel)
_SECRET_KINDS = (Kind.TEXT, Kind.LONG_TEXT, Kind.URL)


@dataclass(frozen=True, slots=True)
class StoredSettings(Generic[Model]):
    """A sprocket's settings in a guild, as far as they can be read.

    Attributes:
        settings: the settings, with the declared defaults for those not set or not decrypted.
        secrets: the names of the secret ones that are set.
        unreadable: the names of those that can't be decrypted with the present key.
        fit: whether the model accepts them together; otherwise, ``settings`` are the defaults.
    """

    settings: Model
    secrets: frozenset[str]
    unreadable: frozenset[str]
    fit: bool = True


def parameters_of_settings(model: type[BaseModel]) -> tuple[Parameter, ...]:
    """Return the settings that a model declares, as the parameters of a form.

    Raises DeclarationError for a model that can't be a sprocket's settings.
    """
    found: list[Parameter] = []
    for name, field in model.model_fields.items():
        if field.is_required():
            raise DeclarationError(f"{model.__name__}: {name!r} needs a default.", model, name)
        default = field.get_default(call_default_factory=True)
        try:
            parameter = parameter_from(name, field.rebuild_annotation(), default, field.description or "")
        except TypeError as error:
            raise DeclarationError(f"{model.__name__}: {error}", model, name) from None
        check_setting(model, parameter)
        if parameter.secret:
            if parameter.kind not in _SECRET_KINDS or parameter.options is not None or default:
                wrong = "is a secret, so it must be a text or an address without options, empty by default."
                raise DeclarationError(f"{model.__name__}: {name!r} {wrong}", model, name)
            field.repr = False  # a log line with the settings doesn't show it
        found.append(parameter)
    return tuple(found)


def secret_settings(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of the settings that a model declares secret."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if declares_secret(field.rebuild_annotation()))


async def settings_of(bot: object, sprocket: str, model: type[Model], guild_id: str) -> Model:
    """Return a sprocket's settings in a guild, with the declared defaults for anything not set.

    Raises JobFailed if a secret one can't be decrypted, or the model doesn't accept them together: with
    defaults in their place, the job would do something else.

    Parameters:
        bot: The bot.
        sprocket: The sprocket's name, as in ``/load_sprocket``.
        model: The pydantic model that declares the settings.
        guild_id: The guild's id.
    """
    found = await stored_settings(bot, sprocket, model, guild_id)
    if found.unreadable:
        raise JobFailed(
            "The secret settings of {sprocket} can't be decrypted. Enter them again in `/sprockets`: {names}",
            retry=False,
            code="secret_settings_unreadable",
            sprocket=sprocket,
            names=", ".join(sorted(found.unreadable)),
        )
    if not found.fit:
        raise JobFailed(
            "The settings of {sprocket} aren't valid. Change them in `/sprockets`.",
            retry=False,
            code="sprocket_settings_unfit",
            sprocket=sprocket,
        )
    return found.settings


async def stored_settings(
    bot: object, sprocket: str, model: type[Model], guild_id: str
) -> StoredSettings[Model]:
    """Return a sprocket's settings in a guild, and which secret ones are set; see `settings_of`."""
    memory = host_of(bot).memory
    stored = await memory.kept(SPROCKET_SETTINGS, f"{sprocket}:{guild_id}") or {}
    secret = frozenset(name for name in secret_settings(model) if stored.get(name))
    values = {name: value for name, value in stored.items() if name in secret or not is_sealed(value)}
    unreadable: set[str] = set()
    for name in secret:
        if not is_sealed(values[name]):
            continue  # stored before it was declared secret
        try:
            place = (sprocket, guild_id, name)
            values[name] = await asyncio.to_thread(memory.secrets.open, values[name], place)
        except SecretUnusable as error:
            log.warning("%s of sprocket %s in guild %s: %s", name, sprocket, guild_id, error)
            unreadable.add(name)
            del values[name]
    try:
        return StoredSettings(read(model, values), secret, frozenset(unreadable))
    except ValidationError:  # its text isn't logged: it quotes what was refused, secrets included
        return StoredSettings(model.model_construct(), secret, frozenset(unreadable), fit=False)


async def save_settings(
    bot: object,
    sprocket: str,
    model: type[BaseModel],
    guild_id: str,
    values: Mapping[str, Any],
    *,
    keep: Collection[str] = (),
) -> None:
    """Store a sprocket's settings in a guild; raises SecretUnusable if a secret one can't be encrypted.

    Parameters:
        bot: The bot.
        sprocket: The sprocket's name.
        model: The model that declares the settings.
        guild_id: The guild's id.
        values: All settings by name, as JSON.
        keep: The secret settings that stay as they are stored, whatever ``values`` has for them.
    """
    memory, key = host_of(bot).memory, f"{sprocket}:{guild_id}"
    secret = secret_settings(model)
    stored = await memory.kept(SPROCKET_SETTINGS, key) or {}
    kept = {name: stored[name] for name in secret & set(keep) if stored.get(name)}
    fresh = {name: value for name, value in values.items() if name not in keep or name not in secret}
    place = (sprocket, guild_id)
    sealed = await asyncio.to_thread(sealed_values, memory.secrets, {**fresh, **kept}, secret, place)
    await memory.put(SPROCKET_SETTINGS, key, sealed)


def sealed_values(
    secrets: Secrets, values: Mapping[str, Any], secret: Collection[str], place: tuple[str, str]
) -> dict[str, Any]:
    """Return settings as they are stored: secret ones sealed, and those that are empty left out.

    Parameters:
        secrets: What seals them.
        values: The settings by name; secret ones may be sealed already.
        secret: The names of the secret ones.
        place: The sprocket and the guild's id.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name not in secret or is_sealed(value):
            found[name] = value
        elif value:
            found[name] = secrets.seal(str(value), (*place, name))
    return found


def is_sealed(value: object) -> bool:
    """Return whether a stored value is a sealed one."""
    return isinstance(value, dict) and {"sealed", "key"} <= cast("dict[str, Any]", value).keys()


def read(model: type[Model], values: dict[str, Any]) -> Model:
    """Create settings from stored values, ignoring those that the current version no longer accepts."""
    try:
        return model(**values)
    except ValidationError as error:
        wrong = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
        return model(**{name: value for name, value in values.items() if name not in wrong})
