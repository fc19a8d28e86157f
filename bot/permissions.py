"""Which of Discord's permissions the bot needs: exactly those that its jobs declare, and no more."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable

import discord

from cogs import sprocket_loader
from schedulezero.methods import MethodSpec, spec_of
from sprockets.registering import RegisteringCog

log = logging.getLogger(__name__)

# What the bot's own panels and alerts take, whatever jobs there are.
_ALWAYS = ("view_channel", "send_messages", "send_messages_in_threads", "embed_links", "attach_files")


def wanted(specs: Iterable[MethodSpec]) -> dict[str, list[str]]:
    """Each permission that is needed, and the jobs that need it; none for what the bot itself needs."""
    found: dict[str, list[str]] = {name: [] for name in _ALWAYS}
    for spec in specs:
        for need in spec.needs:
            methods = found.setdefault(need.permission, [])
            if spec.name not in methods:
                methods.append(spec.name)
    found.pop("manage_guild", None)  # a person's right to schedule; the bot changes no server's settings
    return found


def specs_of_sprockets(names: Iterable[str]) -> list[MethodSpec]:
    """What the jobs of sprockets declare, as far as that can be told without loading them into a bot."""
    found: list[MethodSpec] = []
    for name in names:
        try:
            module = importlib.import_module(sprocket_loader.extension(name))
        except Exception:
            log.exception("sprocket %r cannot be imported", name)
            continue
        for item in vars(module).values():
            if isinstance(item, type) and issubclass(item, RegisteringCog):
                found += [spec_of(method, function) for method, function in item.jobs.items()]
    return found


def invite(client_id: int, specs: Iterable[MethodSpec]) -> str:
    """The link that invites the bot with just the permissions that its jobs need."""
    permissions = discord.Permissions(**dict.fromkeys(wanted(specs), True))
    return discord.utils.oauth_url(
        client_id, permissions=permissions, scopes=("bot", "applications.commands")
    )
