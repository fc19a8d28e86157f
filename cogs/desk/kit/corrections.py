"""A form that was refused opens again as it was filled in. Discord lets no form answer a form: a button does.

What was typed waits in the bot's memory under the id in the button. A form's action raises `Mistyped`, and
the dispatcher does the rest; one that says more than what is wrong calls `offer_correction` itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import discord

from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Caller, Desk
from cogs.desk.kit.layout import fit, note_panel
from cogs.desk.kit.wording import BAD
from cogs.language import t
from cogs.memory import new_id
from cogs.services import Refused

_C = TypeVar("_C", bound=Caller)


class Mistyped(Refused):
    """What was typed into a form can't be used; the message says what is wrong, all of it.

    Attributes:
        opens: the action that opens the form again, of the same panel.
        target: its target; None for the form's own.
    """

    def __init__(self, message: str, opens: str, target: str | None = None) -> None:
        super().__init__(message)
        self.opens, self.target = opens, target


async def offer_correction(
    desk: Caller, said: str, panel: str, action: str, target: str, fields: Mapping[str, Any], **more: str
) -> None:
    """Say what is wrong with a form, with a button that opens it again.

    Parameters:
        desk: who submitted it; outside of a desk, for a form that takes no rights.
        said: what is wrong, all of it.
        panel, action: the button's action, which opens the form with `typed_before`.
        target: the target of the form.
        fields: what was typed.
        more: what else to remember beside it.
    """
    panel_id = new_id()
    state = {"typed": dict(fields), "target": target, "by": desk.actor_id, **more}
    await desk.memory.save_panel(panel_id, _place_of(desk), state)
    button = DeskButton(panel, action, panel_id, t("Correct it"), style=discord.ButtonStyle.primary)
    shown = note_panel(said, button, colour=BAD)
    fit(shown)
    await desk.acknowledge()
    await desk.interaction.followup.send(
        view=shown, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
    )


async def typed_before(desk: Desk, panel_id: str) -> tuple[str, Mapping[str, Any]]:
    """Return the target of a refused form, and what the same person typed into it."""
    state = await _refused(desk, panel_id)
    return state["target"], state["typed"]


async def form_before(desk: _C, panel_id: str) -> tuple[tuple[str, str], str, _C]:
    """Return what opens a refused form, its target, and the caller for whom it opens filled in."""
    state = await _refused(desk, panel_id)
    if "opens" not in state:
        raise too_old()
    return (state["of"], state["opens"]), state["target"], replace(desk, typed=state["typed"])


async def _refused(desk: Caller, panel_id: str) -> Mapping[str, Any]:
    state = await desk.memory.panel(panel_id, _place_of(desk))
    if state is None or "typed" not in state or state.get("by") != desk.actor_id:
        raise too_old()
    return state


def _place_of(caller: Caller) -> int:
    """Return where a form waits: in the guild of a desk, otherwise with its person."""
    return caller.guild.id if isinstance(caller, Desk) else caller.interaction.user.id


def too_old() -> Refused:
    """Return the error for a button that nothing is behind any more."""
    return Refused(t("This button is from an older version of me. Use the command again."))
