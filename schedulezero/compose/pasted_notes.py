"""Collect what doesn't go along and what is wrong, while pasted data is read. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from schedulezero.compose.limits import Limit
from schedulezero.methods.variables import VARIABLES, keep_separators
from schedulezero.sentences import Sentence

_MOST_NOTES = 40
_OPTIONAL = ("username", "thread_name")
_BRACES = re.compile(r"\{\{|\{([a-zA-Z_]{1,20})(?::[^{}\n]{0,100})?\}")
_ADDRESS = re.compile(r"https?://[^\s/?#]+\S*")
_FILE = re.compile(r"https://(?:cdn\.discordapp\.com|media\.discordapp\.net)/(?:ephemeral-)?attachments/")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part that doesn't go along, or that is wrong.

    Attributes:
        place: where it stands, such as ``embeds[2].fields[0].name``.
        why: the reason.
    """

    place: str
    why: Sentence


@dataclass(slots=True)
class Notes:
    """What is noted while reading; both lists are bounded.

    Attributes:
        left: what doesn't go along.
        faults: what Discord would refuse.
    """

    left: list[LeftOut] = field(default_factory=list[LeftOut])
    faults: list[LeftOut] = field(default_factory=list[LeftOut])

    def leave(self, place: str, template: str, *, code: str, **values: Any) -> None:
        """Note a part that doesn't go along."""
        self._add(self.left, place, Sentence(template, code, **values))

    def unknown(self, place: str) -> None:
        """Note a key that isn't known."""
        self._add(self.left, place, Sentence("I don't know this key.", "paste_left_key"))

    def empty(self, place: str) -> None:
        """Note a text or a list that must not be empty."""
        self._add(self.faults, place, Sentence("must not be empty.", "paste_empty_part"))

    def too_many(self, place: str, count: int, most: int) -> None:
        """Note a list that is longer than Discord takes."""
        said = Sentence(
            "has {count} entries; Discord allows {most}.", "paste_too_many", count=count, most=most
        )
        self._add(self.faults, place, said)

    def too_long(self, place: str, length: int, most: int) -> None:
        """Note a text that is longer than Discord takes."""
        said = Sentence(
            "has {length} characters; Discord allows {most}.", "paste_too_long", length=length, most=most
        )
        self._add(self.faults, place, said)

    def not_colour(self, place: str) -> None:
        """Note a colour that isn't one."""
        self._add(self.faults, place, Sentence("isn't a colour. Example: #5865F2.", "paste_not_colour"))

    def not_time(self, place: str) -> None:
        """Note a time that isn't one."""
        said = Sentence("isn't a time. Example: 2027-01-31T18:00:00Z.", "paste_not_time")
        self._add(self.faults, place, said)

    def wrong_type(self, place: str, wanted: Sentence) -> None:
        """Note a value of the wrong type."""
        self._add(self.faults, place, wanted)

    def text(self, value: Any, place: str, limit: Limit, *, variables: bool = True) -> str:
        """Return a text as a post holds it; note one that is too long, missing or no text.

        Lines of ``---`` stay part of the text. Variables of ours stay variables; those of other bots
        become plain text, and are noted.

        Parameters:
            value: what was found; None for nothing.
            place: where.
            limit: Discord's limit.
            variables: whether the text may hold variables.
        """
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if value is None or value == "":
            if limit.least and place not in _OPTIONAL:
                self.empty(place)
            return ""
        if not isinstance(value, str):
            self.wrong_type(place, Sentence("must be text.", "paste_not_text"))
            return ""
        if len(value) > limit.most:
            self.too_long(place, len(value), limit.most)
            return ""
        return keep_separators(self._braces(value, place)) if variables else value

    def _braces(self, text: str, place: str) -> str:
        def plain(match: re.Match[str]) -> str:
            if match[1] is None:
                return "{{{{"
            if match[1].lower() in VARIABLES:
                return match[0]
            self.leave(
                place,
                "{variable} is another bot's variable and will be posted as it is.",
                code="paste_left_variable",
                variable=match[0][:60],
            )
            return "{" + match[0]

        return _BRACES.sub(plain, text)

    def address(self, value: Any, place: str, limit: Limit) -> str | None:
        """Return an address, or None after noting why it doesn't go along."""
        text = value.strip() if isinstance(value, str) else ""
        if text.startswith("attachment://"):
            self.leave(
                place, "Its file isn't carried over. Add it in the form.", code="paste_left_attachment"
            )
        elif len(text) > limit.most:
            self.too_long(place, len(text), limit.most)
        elif _ADDRESS.fullmatch(text) is None:
            self.leave(
                place,
                "This isn't an address that begins with https:// or http://.",
                code="paste_left_address",
            )
        else:
            # Discord's signature of a file's address ends after a day; without one Discord signs it again
            # (https://discord.com/developers/docs/reference#signed-attachment-cdn-urls).
            return text.partition("?")[0] if _FILE.match(text) else text
        return None

    def _add(self, notes: list[LeftOut], place: str, why: Sentence) -> None:
        said = LeftOut(place[:100], why)
        if len(notes) < _MOST_NOTES and said not in notes:
            notes.append(said)
