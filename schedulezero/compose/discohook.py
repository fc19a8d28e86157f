"""Turn messages and embeds as other programs write them into the values of a post. Pure.

Read are Discord's own message and embed JSON, Discohook's backups and share links, Nadeko's and older
editors' variants (``plainText``, ``embed``, pictures as bare addresses, colours as texts) and YAGPDB's
templates. What can't go along is listed with the reason; what Discord would refuse is listed as a fault, with
its place as in ``embeds[2].fields[0].name``.

Sources: https://discord.com/developers/docs/resources/message, https://discohook.app/guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from schedulezero.compose import limits
from schedulezero.compose.pasted import PasteUnreadable, pasted_data
from schedulezero.compose.pasted_components import read_components
from schedulezero.compose.pasted_embeds import EMBED_KEYS, read_embeds
from schedulezero.compose.pasted_notes import LeftOut, Notes

_SILENT, _NO_PREVIEWS = (
    1 << 12,
    1 << 2,
)  # https://discord.com/developers/docs/resources/message#message-object

# What Discord and editors add to a message and nobody misses.
_IGNORED = frozenset((
    "id", "_id", "type", "channel_id", "guild_id", "author", "member", "timestamp", "edited_timestamp",
    "mentions", "mention_roles", "mention_everyone", "mention_channels", "pinned", "webhook_id",
    "application_id", "nonce", "reactions", "version", "reference", "message_reference", "referenced_message",
    "position", "$schema", "name", "targets", "interaction", "interaction_metadata",
))  # fmt: skip
_MESSAGE_KEYS = frozenset((
    "content", "plainText", "plaintext", "text", "embed", "embeds", "components", "poll", "username",
    "avatar_url", "thread_name", "flags", "tts", "attachments", "files", "sticker_ids", "stickers",
    "sticker_items", "allowed_mentions", "applied_tags",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was read.

    Attributes:
        values: parameter of ``send_post`` → value.
        left: what doesn't go along, and why.
        faults: what Discord would refuse; with any, nothing should be taken over.
    """

    values: Mapping[str, Any]
    left: tuple[LeftOut, ...] = ()
    faults: tuple[LeftOut, ...] = ()


def read_pasted(text: str) -> Pasted:
    """Return the post in a pasted text. Raises PasteUnreadable if there is none."""
    notes = Notes()
    message = _message_in(pasted_data(text), notes)
    values = _values(message, notes)
    if not values and not notes.faults:
        raise _nothing()
    return Pasted(values, tuple(notes.left), tuple(notes.faults))


def _nothing() -> PasteUnreadable:
    return PasteUnreadable(
        "The text contains no message or embed that I can post.", code="paste_without_post"
    )


def _message_in(data: Any, notes: Notes) -> dict[str, Any]:
    """Return the message within what other programs put around it."""
    for _ in range(8):  # a file of backups holds a list of them, each holds messages, each of those its data
        if isinstance(data, list):
            given = cast("list[Any]", data)
            items = [cast("dict[str, Any]", item) for item in given if isinstance(item, dict)]
            if not items or len(items) < len(given):
                raise _nothing()
            if all(_is_embed(item) for item in items):
                return {"embeds": items}
            data = _first(items, notes)
            continue
        if not isinstance(data, dict):
            raise _nothing()
        found = cast("dict[str, Any]", data)
        if found.get("targets"):
            notes.leave(
                "targets",
                "Webhook addresses are left out, because I do the posting myself.",
                code="paste_left_targets",
            )
        wrapped = next(
            (key for key in ("backups", "messages", "message", "data") if _holds(found.get(key))), None
        )
        if wrapped is not None and not found.keys() & {"content", "embeds", "embed"}:
            data = found[wrapped]
            continue
        if _is_embed(found):
            return {**{key: found[key] for key in found.keys() & _MESSAGE_KEYS}, "embeds": [_embed_of(found)]}
        return found
    raise _nothing()


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list) and bool(cast("Any", value))


def _is_embed(data: Mapping[str, Any]) -> bool:
    """Return whether an object is an embed itself; Nadeko's has the message's text in it, too."""
    return bool(data.keys() & EMBED_KEYS) and not data.keys() & {
        "embeds",
        "embed",
        "content",
        "messages",
        "data",
    }


def _embed_of(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in _MESSAGE_KEYS}


def _first(items: list[dict[str, Any]], notes: Notes) -> dict[str, Any]:
    if len(items) > 1:
        notes.leave(
            "messages",
            "Only the first of {count} messages is carried over.",
            code="paste_left_messages",
            count=len(items),
        )
    return items[0]


def _values(message: dict[str, Any], notes: Notes) -> dict[str, Any]:
    values: dict[str, Any] = {}
    named = next(
        (key for key in ("content", "plainText", "plaintext", "text") if message.get(key)), "content"
    )
    values["text"] = notes.text(message.get(named), named, limits.TEXT)
    embeds = message.get("embeds") or message.get("embed")
    values["embeds"] = read_embeds([embeds] if isinstance(embeds, dict) else embeds, notes)
    read = read_components(message.get("components"), notes)
    values["buttons"], values["layout"] = read.buttons, read.layout
    values["poll"] = _poll(message.get("poll"), notes)
    values["name"] = notes.text(message.get("username"), "username", limits.WEBHOOK_NAME)
    if message.get("avatar_url"):
        values["avatar_url"] = notes.address(message["avatar_url"], "avatar_url", limits.ADDRESS)
    values["title"] = notes.text(message.get("thread_name"), "thread_name", limits.THREAD_TITLE)
    flags = message.get("flags")
    if isinstance(flags, int):
        values["silent"], values["no_previews"] = bool(flags & _SILENT), bool(flags & _NO_PREVIEWS)
    _leave_rest(message, notes)
    found = {key: value for key, value in values.items() if value}
    if "layout" in found and any(found.pop(key, None) for key in ("text", "embeds", "poll")):
        notes.leave(
            "components",
            "A layout can't be combined with text, embeds or a poll, so those are left out.",
            code="paste_left_beside_layout",
        )
    return found


def _leave_rest(message: Mapping[str, Any], notes: Notes) -> None:
    for key in ("attachments", "files"):
        if message.get(key):
            notes.leave(key, "Files aren't carried over. Add them in the form.", code="paste_left_files")
    for key in ("sticker_ids", "stickers", "sticker_items"):
        if message.get(key):
            notes.leave(key, "Stickers can't be carried over.", code="paste_left_stickers")
    if message.get("tts"):
        notes.leave("tts", "The post won't be read aloud.", code="paste_left_tts")
    if _holds(message.get("allowed_mentions")):
        notes.leave("allowed_mentions", "In the form, choose who to ping.", code="paste_left_mentions")
    if message.get("applied_tags"):
        notes.leave("applied_tags", "Enter the forum's tags in the form.", code="paste_left_tags")
    for key in message:
        if key not in _MESSAGE_KEYS and key not in _IGNORED:
            notes.unknown(key)


def _poll(data: Any, notes: Notes) -> dict[str, Any] | None:
    if not isinstance(data, dict) or not data:
        return None
    poll = cast("dict[str, Any]", data)
    question = poll.get("question")
    asked = cast("dict[str, Any]", question).get("text") if isinstance(question, dict) else question
    given = poll.get("answers")
    answers: list[str] = []
    items = cast("list[Any]", given) if isinstance(given, list) else []
    for number, item in enumerate(items):
        place = f"poll.answers[{number}]"
        media: Any = cast("dict[str, Any]", item).get("poll_media", item) if isinstance(item, dict) else item
        if isinstance(media, dict):
            if cast("dict[str, Any]", media).get("emoji"):
                notes.leave(
                    f"{place}.emoji", "Emojis in a poll's answers are left out.", code="paste_left_poll_emoji"
                )
            media = cast("dict[str, Any]", media).get("text")
        answers.append(notes.text(media, place, limits.POLL_ANSWER))
    if len(answers) > limits.POLL_ANSWERS.most:
        notes.too_many("poll.answers", len(answers), limits.POLL_ANSWERS.most)
    if not answers:
        notes.empty("poll.answers")
    hours = poll.get("duration", 24)
    if not isinstance(hours, int) or not limits.POLL_HOURS.least <= hours <= limits.POLL_HOURS.most:
        hours = 24
        notes.leave("poll.duration", "The poll will last 24 hours.", code="paste_left_poll_duration")
    return {
        "question": notes.text(asked, "poll.question", limits.POLL_QUESTION),
        "answers": answers,
        "hours": hours,
        "several": poll.get("allow_multiselect") is True,
    }
