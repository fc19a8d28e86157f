"""A form that was refused opens again as it was filled in. Discord lets no form answer a form: a button does.

What was typed waits in the bot's memory under the id in the button.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.layout import fit, note_panel
from cogs.desk.kit.wording import BAD
from cogs.language import t
from cogs.memory import new_id
from cogs.services import Refused


async def offer_correction(
    desk: Desk, said: str, panel: str, action: str, target: str, fields: Mapping[str, Any]
) -> None:
    """Say what is wrong with a form, with a button that opens it again.

    Parameters:
        desk: who submitted it.
        said: what is wrong, all of it.
        panel, action: the button's action, which opens the form with `typed_before`.
        target: the target of the form.
        fields: what was typed.
    """
    panel_id = new_id()
    typed = {name: value for name, value in fields.items() if isinstance(value, str)}
    state = {"typed": typed, "target": target, "by": desk.actor_id}
    await desk.memory.save_panel(panel_id, desk.guild.id, state)
    button = DeskButton(panel, action, panel_id, t("Correct it"), style=discord.ButtonStyle.primary)
    shown = note_panel(said, button, colour=BAD)
    fit(shown)
    await desk.acknowledge()
    await desk.interaction.followup.send(
        view=shown, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
    )


async def typed_before(desk: Desk, panel_id: str) -> tuple[str, Mapping[str, str]]:
    """Return the target of a refused form, and what the same person typed into it."""
    state = await desk.memory.panel(panel_id, desk.guild.id)
    if state is None or "typed" not in state or state.get("by") != desk.actor_id:
        raise Refused(t("This button is from an older version of me. Use the command again."))
    return state["target"], state["typed"]
