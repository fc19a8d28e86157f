"""Add the pictures that a table names, ten at a time; then the dry run is shown again."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from discord import ui

from cogs.desk.drafts.uploads import keep_all, uploads_in
from cogs.desk.files.exchange_panel import read_again
from cogs.desk.files.table_cells import key_of
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.modals import ask
from cogs.language import t
from cogs.services import Refused
from schedulezero.compose import limits

_FIELD = "pictures"


async def ask_pictures(desk: Desk, panel_id: str) -> None:
    """Open the form that takes up to ten pictures."""
    await _source(desk, panel_id)
    field: ui.Label[Any] = ui.Label(
        text=t("Pictures"),
        description=t("Up to 10 at a time, named as in the table"),
        component=ui.FileUpload(custom_id=_FIELD, min_values=1, max_values=limits.FILES.most),
    )
    await ask(desk, "import", "pictures", panel_id, t("Add the pictures"), [field])


async def pictures_given(desk: Desk, panel_id: str, fields: Mapping[str, Any]) -> None:
    """Keep the pictures, and show again what the table would do."""
    source = await _source(desk, panel_id)
    await desk.acknowledge()
    kept = await keep_all(desk, uploads_in(desk.interaction, fields.get(_FIELD) or []))
    pictures = {**source["pictures"], **{key_of(str(file["name"])): file for file in kept.files}}
    await desk.memory.take_panel(panel_id, desk.guild.id)
    data = base64.b64decode(source["data"])
    await read_again(desk, data, source["channel_id"], pictures, refused=kept.refused)


async def _source(desk: Desk, panel_id: str) -> Mapping[str, Any]:
    state = await desk.memory.panel(panel_id, desk.guild.id)
    if state is None or not state.get("source"):
        raise Refused(t("This has already been done."))
    if state.get("by") != desk.actor_id:
        raise Refused(t("This draft belongs to someone else."))
    return state["source"]


PANELS = (Panel("import", opens={"pictures": ask_pictures}, forms={"pictures": pictures_given}),)
