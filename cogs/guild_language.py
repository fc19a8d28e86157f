"""The language of what the bot posts in a guild for everyone: alerts, changes, requests for approval."""

from __future__ import annotations

import discord

from cogs.guild_settings import GuildSettings

# Read as: a language of the catalogues, or a locale with a clock or dates of its own; its name in itself.
NAMES = {
    "de": "Deutsch",
    "en": "English, UK",
    "en-US": "English, US",
    "es": "Español",
    "es-419": "Español, LATAM",
    "fr": "Français",
    "pt": "Português",
}
_LOCALES = {"en": "en-GB", "pt": "pt-BR", "es": "es-ES"}


def locale_of(guild: discord.Guild, settings: GuildSettings) -> str:
    """Return the locale that a guild chose, or else the one in its settings on Discord.

    Outside of Community servers, Discord's setting is always ``en-US``
    (https://discord.com/developers/docs/resources/guild#guild-object).
    """
    chosen = settings.language
    if chosen in NAMES:
        return _LOCALES.get(chosen, chosen)
    return str(guild.preferred_locale.value)
