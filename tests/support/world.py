"""The tests' simulated guild, with helpers for the interactions that tests repeat."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import simcord

from bot.config import Settings
from bot.testing import SimulatedGuild, simulated_guild
from tests.support.text import text_of


class World(SimulatedGuild):
    """A simulated guild whose people use the scheduling panels."""

    async def run(self, method: str, params: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Call a job outside any guild, as a server that names none does."""
        return await self.call({"method": method, "params": params})

    async def draft(
        self,
        who: simcord.MemberActor,
        job: str,
        values: dict[str, Any],
        when: str,
        **options: str,
    ) -> simcord.InteractionResult:
        """Fill in the form of ``/schedule create`` and return the preview that follows."""
        shown = await who.slash(self.channel, "schedule create", job=job, **options)
        assert shown.modal is not None, said(shown)
        filled = {f"p:{name}": value for name, value in values.items()}
        return await who.submit_modal(shown, {**filled, "when": when})

    async def create(
        self, who: simcord.MemberActor, job: str, values: dict[str, Any], when: str, **options: str
    ) -> str:
        """Schedule a job through all steps of the interface and return its id."""
        preview = await self.draft(who, job, values, when, **options)
        assert preview.response is not None
        await who.click(preview.response, label="Confirm")
        text = text_of(preview.response)
        assert "Scheduled" in text or "✔ finished" in text, text  # the card follows its job
        return button_target(preview.response, "Run now")


def button_target(message: Any, label: str) -> str:
    """Return the last part of a button's custom id: the id of its target."""
    for component in _walk(message.components):
        if component.get("label") == label:
            return component["custom_id"].rsplit(":", 1)[1]
    raise AssertionError(f"no button {label!r} in {message.components}")


def custom_id(message: Any, part: str) -> str:
    """Return the one custom id in a message that contains a part, such as ``draft:edit`` or ``.when``."""
    found = [
        item["custom_id"] for item in _walk(message.components) if part in str(item.get("custom_id", ""))
    ]
    assert len(found) == 1, f"{part!r} is in {found}"
    return found[0]


async def press(who: simcord.MemberActor, message: Any, part: str) -> simcord.InteractionResult:
    """Click the one button in a message whose custom id contains a part."""
    return await who.click(message, custom_id=custom_id(message, part))


async def pick(
    who: simcord.MemberActor, message: Any, part: str, values: list[Any]
) -> simcord.InteractionResult:
    """Pick values in the one select of a message whose custom id contains a part."""
    return await who.select(message, values, custom_id=custom_id(message, part))


def labels(message: Any, *, enabled: bool = True) -> list[str]:
    """Return the labels of a message's buttons; by default only those that can be clicked."""
    return [item["label"] for item in buttons(message) if not (enabled and item.get("disabled"))]


def buttons(message: Any) -> list[Any]:
    """Return a message's buttons."""
    return [component for component in _walk(message.components) if component.get("type") == 2]


def selects(message: Any) -> list[Any]:
    """Return a message's menus of texts."""
    return [component for component in _walk(message.components) if component.get("type") == 3]


def said(result: simcord.InteractionResult) -> str:
    """Return an interaction's whole response as text."""
    answers = [result.response, *result.followups]
    return "\n".join(text_of(answer) for answer in answers if answer is not None)


def _walk(components: Any) -> Any:
    for component in components or ():
        data = component if isinstance(component, dict) else component.to_dict()
        yield data
        yield from _walk(data.get("components"))
        if isinstance(data.get("accessory"), dict):
            yield from _walk([data["accessory"]])


@asynccontextmanager
async def a_world(settings: Settings) -> AsyncIterator[World]:
    """Build the world around a new bot and shut it down afterwards."""
    async with simulated_guild(settings, World) as built:
        yield built
