"""*Paste an existing post*: messages and embeds of other editors and bots become a draft.

Nothing is posted or saved as a job: the draft's card shows the result. If the draft holds something that the
pasted post would replace, the person chooses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import discord

from cogs.desk.compose.merging import fits_beside, joined, replaced, would_be_lost
from cogs.desk.creating.create import here
from cogs.desk.creating.draft_view import loaded, own_draft, show_draft
from cogs.desk.drafts.draft import fitting, label_of
from cogs.desk.drafts.uploads import file_field, uploaded_text
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.layout import note_panel
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.wording import BAD, WAITING
from cogs.language import t, tn, translated
from cogs.memory import Draft, new_id
from cogs.services import Refused, spec_for
from schedulezero.compose.discohook import Pasted, read_pasted
from schedulezero.compose.pasted import MOST_CHARACTERS, PasteUnreadable
from schedulezero.compose.pasted_notes import LeftOut

POST = "send_post"
_KINDS = (".json", ".txt")
_LONGEST_TYPED = 4000
_SHOWN = 8
# Read as: a parameter of the former kinds of post → the one that holds the same now.
_SAME = {"channel_id": "channel_ids", "message": "text"}


async def ask_for_post(desk: Desk, target: str) -> None:
    """Open the form to paste into; the target is ``<draft>``, or ``<draft>.<panel>`` after a refusal."""
    draft_id, _, panel_id = target.partition(".")
    await _pasteable(desk, draft_id)
    pasted = text_field(
        "json",
        t("JSON or a Discohook link"),
        value=await _refused(desk, panel_id) if panel_id else None,
        description=t("From Discohook, Carl-bot, Nadeko, YAGPDB or an embed generator"),
        placeholder='{"content": "…", "embeds": […]}',
        long=True,
        most=_LONGEST_TYPED,
    )
    file = file_field("file", t("Or a file"), description=t("A .json or .txt file, for longer content"))
    await ask(desk, "paste", "form", draft_id, t("Paste an existing post"), [pasted, file])


async def _refused(desk: Desk, panel_id: str) -> str | None:
    """Return what the caller pasted before it was refused; None if it is gone, or was someone else's."""
    state = await desk.memory.panel(panel_id, desk.guild.id)
    mine = state is not None and state.get("by") == desk.actor_id
    return str(state["refused"]) if mine and state is not None and "refused" in state else None


async def _pasteable(desk: Desk, draft_id: str) -> Draft:
    """Return the caller's draft; raise Refused if it edits a job of another kind."""
    draft = await own_draft(desk, draft_id)
    loaded(desk, POST)
    if draft.job_id is not None and draft.method != POST:
        raise Refused(t("You can't change what kind of job this is. Create a new job instead."))
    return draft


async def read_form(desk: Desk, draft_id: str, fields: Mapping[str, Any]) -> None:
    """Read what was pasted, and show the draft with it, or what is wrong with it."""
    draft = await _pasteable(desk, draft_id)
    given = await uploaded_text(desk, fields, "file", kinds=_KINDS, most=MOST_CHARACTERS)
    typed = str(fields.get("json") or "")
    text = given[1] if given is not None else typed
    try:
        pasted = await asyncio.to_thread(read_pasted, text)
    except PasteUnreadable as error:
        await _show_refusal(desk, draft, typed, translated(error.message))
        return
    if pasted.faults:
        said = t("Discord would refuse this post. Nothing was carried over.")
        await _show_refusal(desk, draft, typed, f"{said}\n{_listed(pasted.faults)}")
        return
    await _take(desk, draft, pasted)


async def _show_refusal(desk: Desk, draft: Draft, typed: str, said: str) -> None:
    """Say what is wrong with what was pasted; *Try again* opens the form with what was typed into it."""
    target = draft.id
    if typed and len(typed) <= _LONGEST_TYPED:
        panel_id = new_id()
        await desk.memory.save_panel(panel_id, desk.guild.id, {"refused": typed, "by": desk.actor_id})
        target = f"{draft.id}.{panel_id}"
    panel = note_panel(
        f"### {t('Paste an existing post')}\n{said}",
        DeskButton("paste", "ask", target, t("Try again"), style=discord.ButtonStyle.primary),
        DeskButton("tools", "back", draft.id, t("Back")),
        colour=BAD,
    )
    await desk.show(panel)


async def _take(desk: Desk, draft: Draft, pasted: Pasted) -> None:
    """Put a read post into a draft; ask first if something would be lost."""
    before = as_post(desk, draft)
    lost = would_be_lost(before.values, pasted.values)
    if not lost:
        await _save(desk, replace(before, values={**before.values, **pasted.values}), _about(pasted.left))
        return
    panel_id = new_id()
    state = {
        "paste": dict(pasted.values),
        "draft": draft.id,
        "about": _about(pasted.left),
        "by": desk.actor_id,
    }
    await desk.memory.save_panel(panel_id, desk.guild.id, state)
    spec = loaded(desk, POST)
    parameters = [spec.parameter(name) for name in lost]
    names = ", ".join(label_of(item) for item in parameters if item is not None)
    buttons = [
        DeskButton("paste", "replace", panel_id, t("Replace"), style=discord.ButtonStyle.primary),
        DeskButton("paste", "add", panel_id, t("Add to it")),
        DeskButton("tools", "back", draft.id, t("Keep my draft")),
    ]
    if not fits_beside(before.values, pasted.values):
        del buttons[1]
    said = t("Your draft already has: {names}.", names=names)
    asked = t("Should the pasted post replace the one in the draft?")
    await desk.show(
        note_panel(f"### {t('Paste an existing post')}\n{said} {asked}", *buttons, colour=WAITING)
    )


def as_post(desk: Desk, draft: Draft) -> Draft:
    """Return a draft as one of a post: with the channels and the text of the former kinds of post."""
    if draft.method == POST:
        return draft
    spec, former = loaded(desk, POST), spec_for(desk.bot, draft.method)
    values = fitting(spec, former, draft.values) if former is not None else dict(draft.values)
    for name, same in _SAME.items():
        if draft.values.get(name) and not values.get(same):
            values[same] = draft.values[name]
    return here(desk, replace(draft, method=POST, values=values), spec)


async def replace_post(desk: Desk, panel_id: str) -> None:
    """Put the pasted post in place of the draft's."""
    draft, read, about = await _asked(desk, panel_id)
    await _save(desk, replace(draft, values=replaced(draft.values, read)), about)


async def add_post(desk: Desk, panel_id: str) -> None:
    """Add the pasted post to the draft's."""
    draft, read, about = await _asked(desk, panel_id)
    await _save(desk, replace(draft, values=joined(draft.values, read)), about)


async def _asked(desk: Desk, panel_id: str) -> tuple[Draft, dict[str, Any], str]:
    """Return the draft, the pasted post and what to say about it; a second click finds nothing."""
    state = await desk.memory.panel(panel_id, desk.guild.id)
    if state is not None and state.get("by") != desk.actor_id:
        raise Refused(t("This draft belongs to someone else."))
    state = await desk.memory.take_panel(panel_id, desk.guild.id)
    if state is None or "paste" not in state:
        raise Refused(t("This has already been done."))
    draft = await _pasteable(desk, state["draft"])
    return as_post(desk, draft), state["paste"], state["about"]


async def _save(desk: Desk, draft: Draft, about: str) -> None:
    await desk.memory.save_draft(draft)
    await show_draft(desk, draft, loaded(desk, draft.method), told=about or None)


def _about(left: Sequence[LeftOut]) -> str:
    """Return what doesn't go along, in words; empty if all does."""
    return f"{t('Left out:')}\n{_listed(left)}" if left else ""


def _listed(items: Sequence[LeftOut]) -> str:
    lines = [f"- `{_in_code(item.place)}`: {translated(item.why)}" for item in items[:_SHOWN]]
    if len(items) > _SHOWN:
        lines.append(tn("and {count} more", "and {count} more", len(items) - _SHOWN))
    return "\n".join(lines)


def _in_code(place: str) -> str:
    """Return the name of a place in pasted data, which may hold anything, for a code span."""
    return " ".join(place.replace("`", "'").split())[:60]


PANELS = (
    Panel(
        "paste",
        clicks={"replace": replace_post, "add": add_post},
        opens={"ask": ask_for_post},
        forms={"form": read_form},
    ),
)
