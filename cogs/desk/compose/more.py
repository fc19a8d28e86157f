"""The menu of a draft's card: opens the form of a group, or the editor of a part."""

from __future__ import annotations

from cogs.desk.compose import files_panel, layout_panel, links_panel, poll_form
from cogs.desk.compose.embeds_panel import EDITOR as EMBEDS
from cogs.desk.creating.create import edit
from cogs.desk.creating.draft_view import loaded, own_draft
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Action, Panel
from cogs.language import t
from cogs.services import Refused
from schedulezero.methods.parameters import Kind

# Read as: the kind of a part, and what opens its editor.
_OPEN: dict[Kind, Action] = {
    Kind.EMBEDS: EMBEDS.open,
    Kind.FILES: files_panel.EDITOR.open,
    Kind.BUTTONS: links_panel.EDITOR.open,
    Kind.POLL: poll_form.open_form,
    Kind.LAYOUT: layout_panel.EDITOR.open,
}


async def more(desk: Desk, draft_id: str) -> None:
    """Open what was picked."""
    picked = desk.picked()
    draft = await own_draft(desk, draft_id)
    spec = loaded(desk, draft.method)
    parameter = spec.parameter(picked)
    if parameter is not None and parameter.kind in _OPEN:
        await _OPEN[parameter.kind](desk, f"{draft.id}.{picked}")
    elif picked in spec.groups or picked == "options":
        await edit(desk, f"{draft.id}.{picked}")
    else:
        raise Refused(t("This button is from an older version of me. Use the command again."))


PANELS = (Panel("draft", opens={"more": more}),)
