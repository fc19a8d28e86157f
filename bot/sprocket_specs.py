"""Reads what sprockets' jobs declare without loading them into a bot."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable

from cogs.sprocket_loading import loader
from schedulezero.methods.spec import MethodSpec, spec_of
from sprockets.kit.cog import RegisteringCog

log = logging.getLogger(__name__)


def specs_of_sprockets(names: Iterable[str]) -> list[MethodSpec]:
    """Return what the sprockets' jobs declare; log and skip a sprocket that can't be imported."""
    found: list[MethodSpec] = []
    for name in names:
        try:
            module = importlib.import_module(loader.extension(loader.present_name(name)))
        except Exception:
            log.exception("sprocket %r cannot be imported", name)
            continue
        for item in vars(module).values():
            if isinstance(item, type) and issubclass(item, RegisteringCog):
                found += [spec_of(method, function) for method, function in item.jobs.items()]
    return found
