"""Make the message of a post from what a job asks for: variables filled in, files found, pings written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import discord
from discord.ext import commands

from schedulezero.compose import limits
from schedulezero.compose.expecting import expect_within
from schedulezero.compose.layout import (
    BUTTON,
    LINK,
    ROW,
    TEXT,
    addresses_of,
    parts_of,
    read_layout,
    with_addresses,
)
from schedulezero.compose.parts import EmbedParts, LinkButton, PollParts, PostFile
from schedulezero.compose.rendering import ATTACHMENT, called_in, filled_embed
from schedulezero.errors import Gone, JobFailed
from schedulezero.handler.run_context import current_run
from schedulezero.methods.host import host_of
from schedulezero.model import JsonObject
from sprockets.kit.lookups import Place, role_of
from sprockets.kit.messages import embed_of, fitting, mentions, silenced, text_for, turn_for
from sprockets.kit.outgoing import LayoutOf, Outgoing, Upload

_CUSTOM_EMOJI = re.compile(r"<a?:\w{2,32}:\d{15,20}>", re.ASCII)
_PLAIN_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Post:
    """What a job asks for; see the parameters of `send_post`."""

    text: str = ""
    embeds: Sequence[EmbedParts] = ()
    files: Sequence[PostFile] = ()
    buttons: Sequence[LinkButton] = ()
    poll: PollParts | None = None
    layout: Sequence[JsonObject] = ()
    role_ids: Sequence[int] = ()
    ping: str | None = None
    shuffled: bool = False
    silent: bool = False
    no_previews: bool = False


Say = Callable[[str], str]
"""Returns a text with its variables filled in, and of several texts the one whose turn it is."""


@dataclass(frozen=True, slots=True)
class Pings:
    """Whom a post pings beside the people in its text.

    Attributes:
        text: What pings them, to stand before the text, with a blank at its end; empty if nobody is pinged.
        roles: The roles.
        everyone: Whether @everyone or @here is pinged.
    """

    text: str
    roles: list[discord.Role]
    everyone: bool


def pings_of(guild: discord.Guild, post: Post) -> Pings:
    """Return whom a post pings. Raises JobFailed for a role that doesn't exist, or too many."""
    found = [role_of(guild, role_id) for role_id in dict.fromkeys(post.role_ids)]
    roles = [role for role in found if not role.is_default()]
    expect_within(limits.MENTIONED_ROLES, len(roles))
    called = called_in(map(str, post.role_ids), post.ping, str(guild.id))
    return Pings(f"{' '.join(called)} " if called else "", roles, everyone=len(called) > len(roles))


async def outgoing(bot: commands.Bot, place: Place, post: Post) -> Outgoing:
    """Return the message of a post for the current run. Raises JobFailed if Discord would refuse it.

    Parameters:
        bot: The bot that posts.
        place: Where it posts, which decides what roles its texts may ping.
        post: What it posts.
    """
    guild = place.guild

    def say(text: str) -> str:
        return text_for(guild, text, shuffled=post.shuffled)

    pings, names = pings_of(guild, post), sent_names(post.files)
    texts = [post.text, *_layout_texts(post.layout)]
    layout, content, silent = list[JsonObject](), "", post.silent
    if post.layout:
        layout = layout_of(post, pings, names, say)
    else:
        text, typed_silent = silenced(say(post.text))
        content = fitting(f"{pings.text}{text}".strip(), limits.TEXT.most, "message")
        silent = silent or typed_silent
    files = [await _upload(bot, guild, *each) for each in zip(post.files, names, strict=True)]
    return Outgoing(
        content=content,
        embeds=tuple(embeds_of(post, names, say)),
        files=tuple(files),
        poll=poll_of(post.poll, say) if post.poll is not None else None,
        view=LayoutOf(layout) if layout else _buttons(post.buttons),
        silent=silent,
        no_previews=post.no_previews and not post.layout,
        allowed_mentions=mentions(
            "\n".join(turn_for(each, shuffled=post.shuffled) for each in texts),
            roles=pings.roles,
            everyone=pings.everyone,
            channel=place,
        ),
    )


# ---------------------------------------------------------------- files


def sent_names(files: Sequence[PostFile]) -> list[str]:
    """Return the names under which files are sent: each once, of characters that Discord keeps.

    An embed can show a file only if its name has none but these
    (https://discord.com/developers/docs/reference#uploading-files).
    """
    taken: set[str] = set()
    names: list[str] = []
    for file in files:
        stem, dot, ending = file.name.rpartition(".")
        stem, ending = (stem, f".{_plain(ending)}") if dot and stem else (file.name, "")
        plain, count = _plain(stem) or "file", 1
        name = f"{plain}{ending}"
        while name.casefold() in taken:
            count += 1
            name = f"{plain}-{count}{ending}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _plain(text: str) -> str:
    bare = "".join(item for item in unicodedata.normalize("NFKD", text) if not unicodedata.combining(item))
    return _PLAIN_NAME.sub("_", bare).strip("_.")


def addresses_for(files: Sequence[PostFile], names: Sequence[str]) -> dict[str, str]:
    """Return the address of each file as a job writes it → the one that Discord gets."""
    found: dict[str, str] = {}
    for file, name in zip(files, names, strict=True):
        sent = f"{ATTACHMENT}{'SPOILER_' if file.spoiler else ''}{name}"
        for written in (file.name, file.name.replace(" ", "_"), name):
            found.setdefault(f"{ATTACHMENT}{written}", sent)
    return found


async def _upload(bot: commands.Bot, guild: discord.Guild, file: PostFile, name: str) -> Upload:
    size = await size_of(bot, guild, file)
    kept, guild_id = host_of(bot).files, str(guild.id)
    return Upload(name, size, lambda: kept.open(file.file, guild_id), file.alt, file.spoiler)


async def size_of(bot: commands.Bot, guild: discord.Guild, file: PostFile) -> int:
    """Return a file's size. Raises JobFailed if it isn't kept for the guild, or too large for it."""
    facts = await host_of(bot).files.known(file.file, str(guild.id))
    if facts is None:
        raise Gone(
            "The file “{name}” is no longer stored. Attach it again.",
            code="post_file_missing",
            name=file.name,
        )
    most = limits.Limit(file.name, guild.filesize_limit, limits.Unit.BYTES)
    expect_within(most, facts.size)
    return facts.size


# ---------------------------------------------------------------- parts


def embeds_of(post: Post, names: Sequence[str], say: Say) -> list[discord.Embed]:
    """Return the embeds of a post. Raises JobFailed if Discord would refuse them."""
    sent_as = addresses_for(post.files, names)
    found = [embed_of(_embed(part, sent_as, say)) for part in post.embeds]
    expect_within(limits.EMBED_TOTAL, sum(map(len, found)))
    return found


def _embed(part: EmbedParts, sent_as: dict[str, str], say: Say) -> dict[str, Any]:
    data = filled_embed(part.to_json(), say, current_run().scheduled_at)
    for holder in (data.get("image"), data.get("thumbnail"), data.get("author"), data.get("footer")):
        for key in ("url", "icon_url"):
            if holder is not None and str(holder.get(key, "")).startswith(ATTACHMENT):
                holder[key] = _sent(holder[key], sent_as)
    shown = {"title", "description", "author", "footer", "image", "thumbnail", "fields", "timestamp"}
    if not any(data.get(key) for key in shown):
        raise JobFailed(
            "One of the embeds is empty. Give it a title or some text.", retry=False, code="embed_empty"
        )
    return data


def _sent(address: str, sent_as: dict[str, str]) -> str:
    found = sent_as.get(address)
    if found is None:
        raise JobFailed(
            "The post shows a picture from the file “{name}”, but no file has that name.",
            retry=False,
            code="picture_without_file",
            name=address.removeprefix(ATTACHMENT)[:100],
        )
    return found


def poll_of(part: PollParts, say: Say) -> discord.Poll:
    """Return the poll of a post. Raises JobFailed if Discord would refuse it."""
    question = say(part.question).strip()
    expect_within(limits.POLL_QUESTION, len(question))
    poll = discord.Poll(question=question, duration=timedelta(hours=part.hours), multiple=part.several)
    for text in part.answers:
        answer = say(text).strip()
        expect_within(limits.POLL_ANSWER, len(answer))
        poll.add_answer(text=answer)
    return poll


def layout_of(post: Post, pings: Pings, names: Sequence[str], say: Say) -> list[JsonObject]:
    """Return the layout of a post, with its buttons below it. Raises JobFailed if Discord would refuse it."""
    layout = read_layout(list(post.layout))
    for part in parts_of(layout):
        if part["type"] == TEXT:
            part["content"] = say(part["content"])
    sent_as = addresses_for(post.files, names)
    for address in addresses_of(layout):
        if address.startswith(ATTACHMENT):
            _sent(address, sent_as)
    called = [{"type": TEXT, "content": pings.text.strip()}] if pings.text else []
    return read_layout([*called, *with_addresses(layout, sent_as), *_rows(post.buttons)])


def _layout_texts(layout: Sequence[JsonObject]) -> list[str]:
    return [str(part["content"]) for part in parts_of(list(layout)) if "content" in part]


def _rows(buttons: Sequence[LinkButton]) -> list[JsonObject]:
    made: list[JsonObject] = [
        {
            "type": BUTTON,
            "style": LINK,
            "url": button.url,
            **({"label": button.label} if button.label else {}),
            **({"emoji": emoji.to_dict()} if (emoji := emoji_of(button)) is not None else {}),
        }
        for button in buttons
    ]
    width = limits.ROW_BUTTONS.most
    return [{"type": ROW, "components": made[at : at + width]} for at in range(0, len(made), width)]


def _buttons(buttons: Sequence[LinkButton]) -> discord.ui.View | None:
    if not buttons:
        return None
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(
            discord.ui.Button(
                style=discord.ButtonStyle.link,
                url=button.url,
                label=button.label or None,
                emoji=emoji_of(button),
            )
        )
    return view


def emoji_of(button: LinkButton) -> discord.PartialEmoji | None:
    """Return the emoji of a button. Raises JobFailed if it isn't one, or if there is no label either."""
    text = (button.emoji or "").strip()
    if not text and not button.label.strip():
        raise JobFailed(
            "A button needs text or an emoji: the button for “{url}” has neither.",
            retry=False,
            code="button_without_label",
            url=button.url[:100],
        )
    if not text:
        return None
    if _CUSTOM_EMOJI.fullmatch(text) is None and text.isascii():
        raise JobFailed(
            "“{text}” isn't an emoji that a button can show.",
            retry=False,
            code="button_emoji_unusable",
            text=text[:50],
        )
    return discord.PartialEmoji.from_str(text)
