"""Reads the emojis that a post is given as reactions: Discord's own, and those of the guild.

Which characters are emojis follows https://unicode.org/reports/tr51/#EBNF_and_Regex, with blocks in place of
single characters: one that Discord doesn't have is refused by Discord.
"""

from __future__ import annotations

import re

import discord

from schedulezero.compose import limits
from schedulezero.errors import JobFailed
from schedulezero.sentences import Sentence
from sprockets.kit.asking import asking_discord

_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_KEYCAP = "[0-9#*]\ufe0f?\u20e3"
_BASE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
)
_ONE = f"{_BASE}\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
_EMOJI = re.compile(f"{_FLAG}|{_KEYCAP}|{_ONE}(?:\u200d{_ONE})*")
_CUSTOM = re.compile(r"<a?:(\w{2,32}):(\d{15,20})>", re.ASCII)
_NAMED = re.compile(r":(\w{2,32}):", re.ASCII)
_ALL = re.compile(rf"{_CUSTOM.pattern}|{_NAMED.pattern}|{_EMOJI.pattern}|\S+", re.ASCII)


async def emojis_in(guild: discord.Guild, text: str) -> list[str]:
    """Return the emojis in a text, in its order and each once, as Discord takes them.

    Parameters:
        guild: The guild whose own emojis may be used.
        text: Emojis one after the other, with or without blanks: ``👍 <:party:123…> :party:``.

    Raises JobFailed for anything else, for an emoji of another guild, and for more than Discord takes.
    """
    found: dict[str, None] = {}
    own: dict[str, discord.Emoji] | None = None
    for part in (match[0] for match in _ALL.finditer(text)):
        if _EMOJI.fullmatch(part):
            found[part] = None
            continue
        if own is None and (_CUSTOM.fullmatch(part) or _NAMED.fullmatch(part)):
            own = await _own(guild)
        emoji = _custom(own or {}, part)
        if emoji is None:
            raise JobFailed(
                "“{emoji}” isn't an emoji that I can react with. Use one of Discord's own, or "
                "one from this server.",
                retry=False,
                code="not_an_emoji",
                emoji=part[:60],
            )
        found[f"{emoji.name}:{emoji.id}"] = None  # as Discord takes it, animated or not
    if len(found) > limits.REACTIONS.most:
        raise JobFailed(
            "There are {count} emojis to react with; Discord allows {most}.",
            retry=False,
            code="reactions_too_many",
            count=len(found),
            most=limits.REACTIONS.most,
        )
    return list(found)


async def _own(guild: discord.Guild) -> dict[str, discord.Emoji]:
    """Return the guild's emojis that the bot may use, by id and by name.

    They are asked for, since without an intent of its own nothing tells the bot of new ones.
    """
    async with asking_discord(Sentence("look up the server's emojis", "doing_see_emojis")):
        emojis = [item for item in await guild.fetch_emojis() if item.available]
    return {**{item.name: item for item in reversed(emojis)}, **{str(item.id): item for item in emojis}}


def _custom(own: dict[str, discord.Emoji], part: str) -> discord.Emoji | None:
    if match := _CUSTOM.fullmatch(part):
        return own.get(match[2])
    match = _NAMED.fullmatch(part)
    return own.get(match[1]) if match else None
