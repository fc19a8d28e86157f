"""The languages that times are read and told in."""

from __future__ import annotations

from functools import wraps
from typing import Any

import pytest
import simcord
from simcord import interactions

from schedulezero.when.grammar.tables import languages

LANGUAGES = languages()
BY_12_HOURS = ("en-US", "es-419")


def everybody_is(monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    """Let everybody in the simulated guild use Discord in a locale."""
    build: Any = interactions.base_payload
    monkeypatch.setattr(
        interactions, "base_payload", lambda *a, **k: ((p := build(*a, **k))[0], {**p[1], "locale": locale})
    )


def at_first(locale: str) -> None:
    """Let simcord's people and guilds, which are American, have another locale unless a test names one."""
    build, create = interactions.base_payload, simcord.Env.create_guild

    @wraps(build)
    def payload(*args: Any, **options: Any) -> Any:
        record, built = build(*args, **options)
        spoken = {name: locale for name in ("locale", "guild_locale") if name in built}
        return record, {**built, **spoken}

    @wraps(create)
    def guild(self: simcord.Env, *args: Any, **options: Any) -> simcord.GuildHandle:
        return create(self, *args, **{"preferred_locale": locale, **options})

    altered: Any = interactions, simcord.Env
    altered[0].base_payload, altered[1].create_guild = payload, guild
