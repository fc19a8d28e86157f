"""What was typed for a reminder or a zone and can't be used: a button opens its form with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord
from discord import ui

from cogs.desk.kit.context import Caller
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.wording import BAD, cut
from cogs.desk.reminders.controls import ReminderButton
from cogs.language import t, translated
from cogs.memory import new_id
from cogs.services import Refused

FORM = "sz-remind-form"


async def refused_panel(
    caller: Caller,
    said: str,
    form: str,
    target: str,
    typed: Mapping[str, str],
    *buttons: ReminderButton,
    above: ui.Item[Any] | None = None,
) -> ui.LayoutView:
    """Return a panel that says what is wrong, with a button that opens the form with what was typed.

    Parameters:
        caller: who typed it.
        said: what is wrong.
        form, target: which form, and its target.
        typed: field name → value.
        buttons: more buttons beside it.
        above: what else the panel offers, above the buttons.
    """
    panel_id, state = new_id(), {"form": form, "target": target, "typed": dict(typed)}
    await caller.memory.save_panel(panel_id, caller.interaction.user.id, state)
    again = ReminderButton("fix", panel_id, t("Correct it"), style=discord.ButtonStyle.primary)
    text = ui.TextDisplay(cut(translated(said), 3800))
    return panel_of(text, *([above] if above is not None else []), row_of(again, *buttons), colour=BAD)


async def typed_before(caller: Caller, panel_id: str) -> tuple[str, str, Caller]:
    """Return a refused form, its target, and the caller for whom it opens filled in."""
    state = await caller.memory.panel(panel_id, caller.interaction.user.id)
    if state is None or "typed" not in state or "form" not in state:
        raise Refused(t("This button is from an older version of me. Use the command again."))
    return state["form"], state["target"], replace(caller, typed=state["typed"])
