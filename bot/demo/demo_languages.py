"""The language of each person's Discord, and of the guild.

simcord says ``en-US`` of everybody. Discord sends the language with each interaction, as ``locale`` and
``guild_locale``: https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object.
"""

from __future__ import annotations

from typing import Any

import simcord

LANGUAGES = {
    "en-US": "English, US",
    "en-GB": "English, UK",
    "de": "Deutsch",
    "es-ES": "Español",
    "es-419": "Español, LATAM",
    "fr": "Français",
    "pt-BR": "Português do Brasil",
}
"""Discord's languages that the bot speaks, as Discord names them:
https://discord.com/developers/docs/reference#locales."""


class Languages:
    """Who uses Discord in which language; the bot is told with each of that person's interactions."""

    def __init__(self, env: simcord.Env) -> None:
        self._backend = env.backend
        self._chosen: dict[int, str] = {}
        self._backend.subscribers.insert(0, self._tell)  # before the bot hears of it

    def of(self, user_id: int) -> str:
        """Return a person's language, ``en-US`` at first."""
        return self._chosen.get(user_id, "en-US")

    def choose(self, user_id: int, locale: str) -> None:
        """Switch a person's Discord to one of `LANGUAGES`.

        Raises:
            KeyError: If it isn't one of them.
        """
        LANGUAGES[locale]
        self._chosen[user_id] = locale

    def of_guild(self, guild_id: int) -> str:
        """Return the language that a guild has in its settings."""
        return self._backend.get_guild(guild_id).preferred_locale

    def choose_for_guild(self, guild_id: int, locale: str) -> None:
        """Change the language in a guild's settings.

        Raises:
            KeyError: If it isn't one of `LANGUAGES`.
        """
        LANGUAGES[locale]
        self._backend.edit_guild(guild_id, {"preferred_locale": locale})

    def _tell(self, event: str, payload: Any) -> None:
        if event != "INTERACTION_CREATE":
            return
        person = payload["user"] if "user" in payload else payload["member"]["user"]
        payload["locale"] = self.of(int(person["id"]))
        if "guild_id" in payload:
            payload["guild_locale"] = self.of_guild(int(payload["guild_id"]))


def translated(catalogue: dict[str, Any], commands: dict[str, dict[str, Any]], locale: str) -> None:
    """Put the descriptions of a language into simcord's list of commands, which has the English ones.

    Parameters:
        catalogue: The list, as simcord's page gets it; changed in place.
        commands: The registered commands by their ids, with their translations.
        locale: The language.
    """
    for entry in catalogue.get("entries", []):
        node = commands.get(entry["commandId"])
        for name in entry["path"][1:]:
            node = _option(node, name)
        if node is None:
            continue
        entry["description"] = _said(node, "description", locale, entry["description"])
        for option in entry["options"]:
            declared = _option(node, option["name"])
            if declared is None:
                continue
            option["description"] = _said(declared, "description", locale, option["description"])
            names = {choice["value"]: choice for choice in declared.get("choices") or []}
            for choice in option["choices"]:
                choice["name"] = _said(names[choice["value"]], "name", locale, choice["name"])


def _option(node: dict[str, Any] | None, name: str) -> dict[str, Any] | None:
    options = (node or {}).get("options") or []
    return next((option for option in options if option["name"] == name), None)


def _said(node: dict[str, Any], what: str, locale: str, english: str) -> str:
    return (node.get(f"{what}_localizations") or {}).get(locale) or english
