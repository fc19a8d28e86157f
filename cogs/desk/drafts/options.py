"""The choices that a sprocket's function offers for a parameter, asked when the form opens."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from schedulezero.methods.parameters import Kind, Parameter
from schedulezero.methods.spec import MethodSpec

log = logging.getLogger(__name__)

_SECONDS = 1.5
"""How long all functions of a form may take together: Discord waits 3 s for the form."""
_MOST = 25
_LONGEST = 100


async def with_options(bot: Any, guild_id: int, spec: MethodSpec, values: Mapping[str, Any]) -> MethodSpec:
    """Return a method whose parameters have the choices that their functions offer now.

    A function that fails or takes too long leaves its field as a line to type in, and so does one that offers
    nothing, or more than a select holds.

    Parameters:
        bot: the bot.
        guild_id: the guild in which the form opens.
        spec: what the method declares.
        values: the values so far; one that isn't offered any more stays among the choices.
    """
    wanted = [item for item in spec.parameters if item.options is not None]
    if not wanted:
        return spec
    offered: dict[str, list[str]] = {}
    try:
        async with asyncio.timeout(_SECONDS):
            for item in wanted:
                offered[item.name] = await _offered(bot, guild_id, item)
    except TimeoutError:
        log.warning("the options of %s took longer than %g s", spec.name, _SECONDS)
    return replace(
        spec,
        parameters=tuple(
            _with(item, offered.get(item.name, []), values.get(item.name)) for item in spec.parameters
        ),
    )


async def _offered(bot: Any, guild_id: int, parameter: Parameter) -> list[str]:
    assert parameter.options is not None
    try:
        found: Any = parameter.options(bot, guild_id)
        if inspect.isawaitable(found):
            found = await found
        texts = [str(item) for item in found]
    except TimeoutError:
        raise
    except Exception:
        log.exception("the options of %r can't be listed", parameter.name)
        return []
    return list(dict.fromkeys(text for text in texts if 0 < len(text.strip()) <= _LONGEST))


def _with(parameter: Parameter, offered: list[str], value: Any) -> Parameter:
    if not 0 < len(offered) <= _MOST:
        return parameter
    present = str(value[0] if isinstance(value, list) and value else value or "")
    if 0 < len(present) <= _LONGEST and present not in offered:
        offered = [present, *offered][:_MOST]
    return replace(parameter, kind=Kind.CHOICE, choices=tuple(offered))
