"""A sprocket's own settings: declared as a pydantic model, edited in Discord, stored per guild.

    class WelcomeSettings(BaseModel):
        greeting: Annotated[Text, Field(max_length=200, description="What to say")] = "Hello"

    class WelcomeSprocket(RegisteringCog):
        settings = WelcomeSettings

``/sprockets`` then has a *Configure* button for it, and a job reads them with `settings_of`.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from schedulezero.methods.annotations import parameter_from
from schedulezero.methods.declaring import DeclarationError, check_parameter, place_in
from schedulezero.methods.host import host_of
from schedulezero.methods.note_kinds import SPROCKET_SETTINGS
from schedulezero.methods.parameters import Parameter

Model = TypeVar("Model", bound=BaseModel)


def parameters_of_settings(model: type[BaseModel]) -> tuple[Parameter, ...]:
    """Return the settings that a model declares, as the parameters of a form.

    Raises DeclarationError for a model that can't be a sprocket's settings.
    """
    found: list[Parameter] = []
    for name, field in model.model_fields.items():
        place = place_in(model, name)
        if field.is_required():
            raise DeclarationError(f"{model.__name__}: {name!r} needs a default.", place)
        try:
            parameter = parameter_from(
                name,
                field.rebuild_annotation(),
                field.get_default(call_default_factory=True),
                field.description or "",
            )
        except TypeError as error:
            raise DeclarationError(f"{model.__name__}: {error}", place) from None
        check_parameter(model.__name__, parameter, place)
        found.append(parameter)
    return tuple(found)


async def settings_of(bot: object, sprocket: str, model: type[Model], guild_id: str) -> Model:
    """Return a sprocket's settings in a guild, with the declared defaults for anything not set.

    Parameters:
        bot: The bot.
        sprocket: The sprocket's name, as in ``/load_sprocket``.
        model: The pydantic model that declares the settings.
        guild_id: The guild's id.
    """
    return read(model, await host_of(bot).memory.kept(SPROCKET_SETTINGS, f"{sprocket}:{guild_id}") or {})


async def save_settings(bot: object, sprocket: str, guild_id: str, values: dict[str, Any]) -> None:
    """Store a sprocket's settings in a guild."""
    await host_of(bot).memory.put(SPROCKET_SETTINGS, f"{sprocket}:{guild_id}", values)


def read(model: type[Model], values: dict[str, Any]) -> Model:
    """Create settings from stored values, ignoring those that the current version no longer accepts."""
    try:
        return model(**values)
    except ValidationError as error:
        wrong = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
        return model(**{name: value for name, value in values.items() if name not in wrong})
