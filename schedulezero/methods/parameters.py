"""A job parameter and its kind, read from an annotation or from its name and the text of its type.

A job's docstring lists its parameters:

    Params:
        channel_id: int - Channel to post in
        message: str - Text of the message
        role_id: int - Role to mention (optional)
        limit: int - How many at most (default 100)

A parameter's kind (channel, role, long text) follows from its name and type, so that sprockets written to the
plain contract get a suitable form. Typed jobs (`schedulezero.methods.typed`) declare it with annotations.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter


class Kind(StrEnum):
    """A parameter's kind, which determines its field in a form."""

    TEXT = "text"
    LONG_TEXT = "long text"
    INTEGER = "whole number"
    NUMBER = "number"
    BOOLEAN = "yes or no"
    CHANNEL = "channel"
    CHANNELS = "channels"
    ROLE = "role"
    ROLES = "roles"
    USER = "user"
    USERS = "users"
    GUILD = "server"
    COLOUR = "colour"
    URL = "address"
    MESSAGE = "link of a message"
    CHOICE = "one of several"
    DURATION = "length of time"
    DATE = "day"
    TIME = "time of day"
    OBJECT = "JSON object"
    LIST = "JSON list"
    EMBEDS = "embeds"
    FILES = "files"
    BUTTONS = "buttons"
    POLL = "poll"
    LAYOUT = "layout"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter of a method.

    Attributes:
        name: its key in the params.
        kind: its kind.
        help: what it is for, in a few words.
        required: whether it must be given.
        default: its default value, as text.
        choices: the allowed values of a `Kind.CHOICE`, as texts.
        values: what a typed job gets for each choice; empty if it gets the text.
        longest: maximum length of a text in characters.
        least, most: bounds of a number.
        channels: the allowed Discord channel types, such as ``forum``; empty for those that accept messages.
        options: offers texts to choose from when the form opens: takes the bot and the guild's id, and
            returns them or an awaitable of them.
        classes: the classes of discord.py of which the function gets objects; empty if it gets the value.
        secret: whether nobody may read its value once it is saved, not even its writer: an address that
            gives access to a person's data. A card shows its host; an export leaves it out.
        only_with: the parameter without which its value means nothing, so that a card leaves it out.
        adapter: further checks a converted value, for typed jobs.
    """

    name: str
    kind: Kind
    help: str = ""
    required: bool = True
    default: str | None = None
    choices: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    longest: int | None = None
    least: float | None = None
    most: float | None = None
    channels: tuple[str, ...] = ()
    classes: tuple[type, ...] = ()
    options: Callable[[Any, int], Any] | None = field(default=None, compare=False)
    secret: bool = False
    only_with: str | None = None
    adapter: TypeAdapter[Any] | None = field(default=None, compare=False, repr=False)

    @property
    def label(self) -> str:
        """The name as people read it: ``channel_id`` is *Channel*."""
        words = re.sub(r"_(id|ids|url)$", lambda m: "s" if m[1] == "ids" else "", self.name).replace("_", " ")
        return _READ_AS.get(words) or words.capitalize()

    def choice_of(self, value: Any) -> str:
        """Return the text of a choice, for its text or for what the job gets."""
        if str(value) in self.choices:
            return str(value)
        if isinstance(value, bool):
            return str(value)
        for choice, item in zip(self.choices, self.values, strict=False):
            raw = getattr(item, "value", item)  # what JSON has of a member of an Enum
            if value in (item, raw) or (isinstance(raw, int) and value == str(raw)):
                return choice
        return str(value)

    @property
    def counts_seconds(self) -> bool:
        """Whether it is a whole number of seconds, so that people may type a length of time."""
        return self.kind is Kind.INTEGER and re.fullmatch(r"(\w+_)?seconds", self.name) is not None


# Read as: a name that isn't what people say, and what they say.
_READ_AS = {
    "age days": "Older than (days)",
    "color": "Colour",
    "direct": "By direct message",
    "guild": "Server",
    "keep bots": "Keep messages from bots",
    "keep files": "Keep messages with a file",
    "keep role": "Keep messages from a role",
    "keep users": "Keep messages from these people",
    "lasts": "How long",
    "made at": "Created in",
    "make events": "Create events",
    "messages since": "Messages since last post",
    "starts in": "Starts after",
    "url": "URL",
}

# Read as: a parameter whose name has this ending, and whose type isn't clearly different, is of this kind.
_KIND_BY_NAME: tuple[tuple[str, Kind], ...] = (
    ("channel_ids", Kind.CHANNELS),
    ("channel_id", Kind.CHANNEL),
    ("role_ids", Kind.ROLES),
    ("role_id", Kind.ROLE),
    ("user_ids", Kind.USERS),
    ("member_ids", Kind.USERS),
    ("user_id", Kind.USER),
    ("member_id", Kind.USER),
    ("guild_id", Kind.GUILD),
    ("color", Kind.COLOUR),
    ("colour", Kind.COLOUR),
    ("message_url", Kind.MESSAGE),
    ("url", Kind.URL),
)
_LONG_TEXTS = ("message", "description", "content", "text", "body", "reason")
# Read as: a type whose text starts with this is of this kind.
_KIND_BY_TYPE: tuple[tuple[str, Kind], ...] = (
    ("int", Kind.INTEGER),
    ("float", Kind.NUMBER),
    ("number", Kind.NUMBER),
    ("bool", Kind.BOOLEAN),
    ("list", Kind.LIST),
    ("tuple", Kind.LIST),
    ("array", Kind.LIST),
    ("dict", Kind.OBJECT),
    ("object", Kind.OBJECT),
    ("mapping", Kind.OBJECT),
)


_SENT = (("body",),)
_SECRETS = frozenset(
    {
        "apikey", "apikeys", "auth", "authorization", "bearer", "cookie", "cookies", "credential",
        "credentials", "headers", "passphrase", "passwd", "password", "passwords", "pwd", "secret", "secrets",
        "token", "tokens", "webhook", "webhooks",
    }
)  # fmt: skip
_KEYS = frozenset({"access", "api", "auth", "client", "encryption", "private", "secret", "signing"})
_ADDRESSES = frozenset({"uri", "uris", "url", "urls", "webhook", "webhooks"})
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN = re.compile(r"[^a-z0-9]+")


def tells_a_secret(name: str) -> bool:
    """Return whether a parameter's name alone marks its value as secret; see also `names_an_address`.

    Its last word tells, however it is written: ``bot_token``, ``Token``, ``apiKey``.
    """
    words = _words(name)
    if words in _SENT or (words and words[-1] in _SECRETS):
        return True
    return len(words) > 1 and words[-1] in ("key", "keys") and words[-2] in _KEYS


def names_an_address(name: str) -> bool:
    """Return whether a parameter's name alone marks its value as the address of someone's service.

    A link to a message is none: whoever has it sees the message only if they see its channel.
    """
    words = _words(name)
    return bool(words) and words[-1] in _ADDRESSES and words[-2:-1] != ("message",)


def _words(name: str) -> tuple[str, ...]:
    return tuple(word for word in _BETWEEN.split(_HUMP.sub("_", name).casefold()) if word)


def kind_of(name: str, type_text: str) -> Kind:
    """Return a parameter's kind, from its name and the text of its type."""
    for ending, kind in _KIND_BY_NAME:
        if name == ending or name.endswith(f"_{ending}"):
            return kind
    lowered = type_text.lower()
    for beginning, kind in _KIND_BY_TYPE:
        if lowered.startswith(beginning):
            return kind
    return Kind.LONG_TEXT if name in _LONG_TEXTS else Kind.TEXT


_LINE = re.compile(r"^(?P<name>[A-Za-z_]\w*)\s*(?::\s*(?P<type>[^-–—]+?))?\s*(?:[-–—]\s*(?P<help>.*))?$")
_DEFAULT = re.compile(r"\(\s*default:?\s*(?P<value>[^)]*)\)", re.IGNORECASE)
_OPTIONAL = re.compile(r"\(\s*optional\s*\)", re.IGNORECASE)


def parameters_in(text: str) -> tuple[Parameter, ...]:
    """Return the parameters that a docstring lists; empty if it has no such block."""
    found: list[Parameter] = []
    indent: int | None = None
    inside = False
    for line in text.splitlines():
        if re.fullmatch(r"\s*(Params|Parameters|Args)\s*:\s*", line):
            inside, indent = True, None
            continue
        if not inside or not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        if depth == 0:
            inside = False
            continue
        indent = depth if indent is None else indent
        match = _LINE.match(line.strip()) if depth == indent else None
        if match is None:
            if found:  # a continuation line belongs to the help above it
                found[-1] = _parameter(found[-1].name, "", f"{found[-1].help} {line.strip()}", found[-1])
            continue
        found.append(_parameter(match["name"], (match["type"] or "").strip(), (match["help"] or "").strip()))
    return tuple(found)


def _parameter(name: str, type_text: str, help_text: str, known: Parameter | None = None) -> Parameter:
    default = _DEFAULT.search(help_text) or _DEFAULT.search(type_text)
    optional = bool(default or _OPTIONAL.search(help_text) or _OPTIONAL.search(type_text))
    optional = optional or type_text.endswith("?") or bool(known and not known.required)
    kind = known.kind if known else kind_of(name, _OPTIONAL.sub("", _DEFAULT.sub("", type_text)))
    return Parameter(
        name=name,
        kind=kind,
        help=re.sub(r"\s+", " ", _OPTIONAL.sub("", _DEFAULT.sub("", help_text))).strip(" .") or "",
        required=not optional,
        default=default["value"].strip() if default else (known.default if known else None),
    )
