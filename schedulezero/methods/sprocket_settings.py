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

from schedulezero.methods.host import host_of
from schedulezero.methods.note_kinds import SPROCKET_SETTINGS

Model = TypeVar("Model", bound=BaseModel)


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
