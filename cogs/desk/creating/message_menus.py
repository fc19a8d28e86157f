"""Start from a right click on a message or a person: make a draft of it, or find the job that posted it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import discord

from cogs.desk.creating import create, draft_view
from cogs.desk.drafts.forms import build_form
from cogs.desk.jobs import job_card
from cogs.desk.kit.context import Desk
from cogs.desk.kit.lacking import lacks_of
from cogs.language import t
from cogs.memory import Draft
from cogs.services import Refused
from schedulezero.methods.variables import escape

_MESSAGE, _EMBED, _BOTH = "send_announcement", "send_embed_announcement", "send_to_multiple_channels"
_ROLE = "add_role_scheduled"


async def schedule_message(desk: Desk, message: discord.Message) -> None:
    """Show a draft with the content of a message."""
    draft = draft_of(desk, message)
    spec = draft_view.loaded(desk, draft.method)
    await desk.memory.save_draft(draft)
    await draft_view.show_draft(desk, draft, spec)


async def post_again(desk: Desk, message: discord.Message) -> None:
    """Open a draft with the content of a message, starting with the question when."""
    draft = draft_of(desk, message)
    spec = draft_view.loaded(desk, draft.method)
    lacks = await lacks_of(desk)
    await desk.interaction.response.send_modal(build_form(spec, draft, "when", lacks=lacks))
    await desk.memory.save_draft(draft)


async def which_job(desk: Desk, message: discord.Message) -> None:
    """Show the card of the job whose run posted a message."""
    run = await desk.client.run_of_message(desk.guild_id, message.id)
    if run is None:
        raise Refused(t("None of this server's jobs posted this message, or its history was cleared."))
    await job_card.show_card(desk, run.job_id, heading=t("Posted by"))


async def schedule_role(desk: Desk, member: discord.Member) -> None:
    """Show a draft that gives a person a role."""
    spec = draft_view.loaded(desk, _ROLE)
    draft = create.new_draft(desk, _ROLE, values={"user_ids": [str(member.id)]})
    await desk.memory.save_draft(draft)
    await draft_view.show_draft(desk, draft, spec)


def draft_of(desk: Desk, message: discord.Message) -> Draft:
    """Return a draft with a message's text, the addresses of its files and its first embed."""
    text = "\n".join([message.content, *(item.url for item in message.attachments)]).strip()
    embed = next((item for item in message.embeds if item.type == "rich"), None)
    if not text and embed is None:
        raise Refused(t("This message has no text, embed or file to post again."))
    channel = [str(message.channel.id)]
    if embed is None:
        return create.new_draft(desk, _MESSAGE, values={"channel_id": channel, "message": escape(text)})
    if text:
        data = json.dumps(_plain_embed(embed), ensure_ascii=False)
        values: dict[str, Any] = {"channel_ids": channel, "message": escape(text), "embed": data}
        return create.new_draft(desk, _BOTH, values=values)
    return replace(create.new_draft(desk, _EMBED), values={"channel_id": channel, **_embed_values(embed)})


def _plain_embed(embed: discord.Embed) -> dict[str, Any]:
    kept = ("title", "description", "url", "color", "footer", "image", "thumbnail", "author", "fields")
    return {key: value for key, value in embed.to_dict().items() if key in kept}


def _embed_values(embed: discord.Embed) -> dict[str, Any]:
    description = embed.description or "\u200b"
    title = embed.title or description.splitlines()[0][:60]
    values: dict[str, Any] = {"title": escape(title), "description": escape(description)}
    if embed.colour is not None:
        values["color"] = str(embed.colour)
    if embed.footer.text:
        values["footer"] = escape(embed.footer.text)
    for name, part in (("thumbnail_url", embed.thumbnail), ("image_url", embed.image)):
        if part.url:
            values[name] = part.url
    if embed.fields:
        fields = [{"name": f.name, "value": f.value, "inline": f.inline} for f in embed.fields]
        values["fields"] = json.dumps(fields, ensure_ascii=False)
    return values
