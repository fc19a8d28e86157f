"""Start from a right click on a message or a person: make a draft of it, or find the job that posted it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import discord

from cogs.desk.creating import create, draft_view
from cogs.desk.drafts.forms import build_form
from cogs.desk.jobs import job_card
from cogs.desk.kit.context import Desk
from cogs.desk.kit.lacking import lacks_of
from cogs.desk.kit.modals import open_form
from cogs.language import t
from cogs.memory import Draft
from cogs.services import Refused
from schedulezero.methods.variables import escape

_MESSAGE, _EMBED, _BOTH = "send_announcement", "send_embed_announcement", "send_to_multiple_channels"
_FILE = re.compile(r"https://(cdn\.discordapp\.com|media\.discordapp\.net)/(ephemeral-)?attachments/")
_POLL, _ROLE = "send_poll", "add_role_scheduled"


async def schedule_message(desk: Desk, message: discord.Message) -> None:
    """Show a draft with the content of a message."""
    draft = draft_of(desk, message)
    spec = draft_view.loaded(desk, draft.method)
    await desk.memory.save_draft(draft)
    said = [text for text in (_notice(message), _about_files(message)) if text is not None]
    await draft_view.show_draft(desk, draft, spec, notice=" ".join(said) or None)


async def post_again(desk: Desk, message: discord.Message) -> None:
    """Open a draft with the content of a message, starting with the question when."""
    draft = draft_of(desk, message)
    spec = draft_view.loaded(desk, draft.method)
    if (notice := _notice(message)) is not None:
        # A form can't say what doesn't go along, so the draft is shown first.
        await desk.memory.save_draft(draft)
        await draft_view.show_draft(desk, draft, spec, notice=notice)
        return
    lacks = await lacks_of(desk)
    await open_form(desk, build_form(spec, draft, "when", lacks=lacks))
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
    """Return a draft with a message's text, the addresses of its files and its first embed, or its poll.

    A forward holds nothing itself; what it shows is the message that was forwarded.
    """
    shown = _shown(message)
    text = "\n".join([shown.content, *(item.url for item in shown.attachments)]).strip()
    embed = next(iter(_rich(shown)), None)
    if message.poll is not None:
        return create.new_draft(desk, _POLL, values=_poll_values(message, message.poll))
    if not text and embed is None:
        raise Refused(t("This message has no text, embed, file or poll to post again."))
    channel = [str(message.channel.id)]
    if embed is None:
        return create.new_draft(desk, _MESSAGE, values={"channel_id": channel, "message": escape(text)})
    if text:
        data = json.dumps(_plain_embed(embed), ensure_ascii=False)
        values: dict[str, Any] = {"channel_ids": channel, "message": escape(text), "embed": data}
        return create.new_draft(desk, _BOTH, values=values)
    return replace(create.new_draft(desk, _EMBED), values={"channel_id": channel, **_embed_values(embed)})


def _shown(message: discord.Message) -> discord.Message | discord.MessageSnapshot:
    return message.message_snapshots[0] if message.message_snapshots else message


def _rich(shown: discord.Message | discord.MessageSnapshot) -> list[discord.Embed]:
    return [item for item in shown.embeds if item.type == "rich"]


def _poll_values(message: discord.Message, poll: discord.Poll) -> dict[str, Any]:
    values: dict[str, Any] = {
        "channel_id": [str(message.channel.id)],
        "question": escape(poll.question),
        "answers": "\n".join(answer.text for answer in poll.answers),
        "several": poll.multiple,
    }
    if poll.duration:
        values["lasts"] = f"{max(round(poll.duration.total_seconds() / 3600), 1)} hours"
    return values


def _notice(message: discord.Message) -> str | None:
    """Return what doesn't go along with a message, or None if all of it does."""
    shown, said = _shown(message), list[str]()
    if shown is not message:
        said.append(t("This is a forward: its text goes along, but not who wrote it and where."))
    if message.poll is not None:
        said.append(t("The poll goes along without its votes and emojis."))
        if shown.content or shown.attachments or _rich(shown):
            said.append(t("The text and files beside the poll can't go along."))
    if len(_rich(shown)) > 1:
        said.append(t("Only the first embed goes along."))
    if getattr(shown, "stickers", None):
        said.append(t("Stickers can't go along."))
    if shown.components:
        said.append(t("Buttons and menus can't go along."))
    return " ".join(said) or None


def without_signature(address: str) -> str:
    """Return the address of a file on Discord without its signature, which ends after a day.

    Discord signs it again in an embed if it is given without one
    (https://discord.com/developers/docs/reference#signed-attachment-cdn-urls).
    """
    return address.partition("?")[0] if _FILE.match(address) else address


def _about_files(message: discord.Message) -> str | None:
    """Return what becomes of a message's files, or None if it has none."""
    shown = _shown(message)
    if not shown.attachments and not any(_holds_file(embed) for embed in _rich(shown)):
        return None
    return t("Its files aren't copied: once the original message is deleted, they are gone.")


def _holds_file(embed: discord.Embed) -> bool:
    return any(_FILE.match(part.url or "") for part in (embed.image, embed.thumbnail))


def _plain_embed(embed: discord.Embed) -> dict[str, Any]:
    kept = ("title", "description", "url", "color", "footer", "image", "thumbnail", "author", "fields")
    data: dict[str, Any] = {key: value for key, value in embed.to_dict().items() if key in kept}
    for part in ("image", "thumbnail", "author", "footer"):
        for key in ("url", "icon_url"):
            if isinstance(data.get(part), dict) and data[part].get(key):
                data[part] = {**data[part], key: without_signature(data[part][key])}
    return data


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
            values[name] = without_signature(part.url)
    if embed.fields:
        fields = [{"name": f.name, "value": f.value, "inline": f.inline} for f in embed.fields]
        values["fields"] = json.dumps(fields, ensure_ascii=False)
    return values
