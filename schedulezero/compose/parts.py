"""The parts of a post beside its text: embeds, files, link buttons and a poll, as params hold them.

Lengths of texts that may hold variables are Discord's only once they are filled in, so they are checked by
the job (`sprockets.kit.messages`); a generous bound holds here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticKnownError

from schedulezero.compose import limits
from schedulezero.methods.parameters import Kind

_LONGEST = 20_000  # characters of several texts that are used in turn
_Text = Annotated[str, Field(max_length=_LONGEST)]
_Address = Annotated[str, Field(max_length=limits.ADDRESS.most, pattern=r"^(https?|attachment)://\S+$")]


class _Part(BaseModel):
    """Immutable; keys that Discord adds to what it returns, such as ``proxy_url``, are dropped."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def to_json(self) -> dict[str, Any]:
        """Return the part as params hold it, without what isn't set."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


class EmbedField(_Part):
    """A field of an embed; ``inline`` ones stand side by side."""

    name: _Text
    value: _Text
    inline: bool = False


class EmbedAuthor(_Part):
    """The line above an embed's title."""

    name: _Text
    url: _Address | None = None
    icon_url: _Address | None = None


class EmbedFooter(_Part):
    """The small print below an embed."""

    text: _Text
    icon_url: _Address | None = None


class Picture(_Part):
    """A picture by its address; ``attachment://NAME`` is the post's own file of that name."""

    url: _Address


class EmbedParts(_Part):
    """An embed, with Discord's own keys.

    ``timestamp`` is ISO text, or ``now`` for the instant of the run.
    """

    title: _Text | None = None
    description: _Text | None = None
    url: _Address | None = None
    color: Annotated[int, Field(ge=0, le=limits.LARGEST_COLOUR)] | None = None
    timestamp: Annotated[str, Field(max_length=40)] | None = None
    author: EmbedAuthor | None = None
    footer: EmbedFooter | None = None
    image: Picture | None = None
    thumbnail: Picture | None = None
    fields: Annotated[list[EmbedField], Field(max_length=limits.EMBED_FIELDS.most)] = []


class PostFile(_Part):
    """A kept file that a post sends.

    Attributes:
        file: the kept file's SHA-256 digest, in hexadecimal.
        name: the name under which it is sent.
        alt: what it shows, for those who can't see it.
        spoiler: whether it is covered until somebody clicks it.
    """

    file: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^/\\\x00-\x1f]+$")]
    alt: Annotated[str, Field(max_length=limits.FILE_ALT.most)] | None = None
    spoiler: bool = False


class LinkButton(_Part):
    """A button below a post that opens an address."""

    label: Annotated[str, Field(max_length=limits.BUTTON_LABEL.most)] = ""
    url: Annotated[str, Field(max_length=limits.BUTTON_ADDRESS.most, pattern=r"^(https?|discord)://\S+$")]
    emoji: Annotated[str, Field(max_length=100)] | None = None


def answer_length(text: str) -> int:
    """Return the length of a poll's answer without variables: ``{{`` is posted as one brace."""
    return len(text.replace("{{", "{"))


def _fitting_answer(text: str) -> str:
    if answer_length(text) > limits.POLL_ANSWER.most:
        raise PydanticKnownError("string_too_long", {"max_length": limits.POLL_ANSWER.most})
    return text


_Answer = Annotated[
    str,
    Field(min_length=1, json_schema_extra={"maxLength": limits.POLL_ANSWER.most}),
    AfterValidator(_fitting_answer),
]


class PollParts(_Part):
    """A poll."""

    question: _Text
    answers: Annotated[
        list[_Answer],
        Field(min_length=limits.POLL_ANSWERS.least, max_length=limits.POLL_ANSWERS.most),
    ]
    hours: Annotated[int, Field(ge=limits.POLL_HOURS.least, le=limits.POLL_HOURS.most)] = 24
    several: bool = False


Embeds = Annotated[list[EmbedParts], Kind.EMBEDS, Field(max_length=limits.EMBEDS.most)]
"""Embeds, as Discord's JSON."""
Files = Annotated[list[PostFile], Kind.FILES, Field(max_length=limits.FILES.most)]
"""Kept files to send."""
LinkButtons = Annotated[list[LinkButton], Kind.BUTTONS, Field(max_length=limits.BUTTONS.most)]
"""Buttons that are links."""
Poll = Annotated[PollParts, Kind.POLL]
"""A poll."""
Layout = Annotated[list[dict[str, Any]], Kind.LAYOUT, Field(max_length=limits.LAYOUT_COMPONENTS.most)]
"""Components of Discord's second version: containers, sections, texts, galleries, separators."""
Ping = Literal["here", "everyone"]
"""Whom a post pings beside the roles: those who are online, or everyone."""
