"""The language of what the bot posts in a guild for everyone: alerts, changes, requests for approval."""

from __future__ import annotations

import discord

from cogs.guild_settings import GuildSettings
from cogs.language import LANGUAGES

# Read as: a language of the catalogues, its name in itself.
NAMES = {"de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "pt": "Português"}
_LOCALES = {"en": "en-GB", "pt": "pt-BR", "es": "es-ES"}


def locale_of(guild: discord.Guild, settings: GuildSettings) -> str:
    """Return the locale that a guild chose, or else the one in its settings on Discord.

    Outside of Community servers, Discord's setting is always ``en-US``
    (https://discord.com/developers/docs/resources/guild#guild-object).
    """
    chosen = settings.language
    if chosen in LANGUAGES:
        return _LOCALES.get(chosen, chosen)
    return str(guild.preferred_locale.value)
