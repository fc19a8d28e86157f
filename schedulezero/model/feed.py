"""A calendar feed: an address that calendar programs poll, and what may be shown there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schedulezero.model.fields import Noun


@dataclass(frozen=True, slots=True)
class Shown(Noun):
    """What the feeds of a place show; the server doesn't know Discord, so the bot says it.

    Attributes:
        name: the calendar's name.
        timezone: the IANA zone in which calendar programs should show it.
        channels: the channels that every member can see, id → name.
        methods: job method → the params that name its channels; jobs with other methods, or with parts of
        other methods, aren't shown, nor are jobs whose own method names none.
    """

    name: str
    timezone: str = "UTC"
    channels: Mapping[str, str] = field(default_factory=dict[str, str])
    methods: Mapping[str, list[str]] = field(default_factory=dict[str, "list[str]"])


@dataclass(frozen=True, slots=True)
class Feed(Noun):
    """A feed as shown in a list; its secret is not stored.

    Attributes:
        id: the public part of its address.
        place: the guild's id, or the person's.
        personal: whether it holds a person's own jobs, all of them and with their texts.
        creator_id: who made it.
        created_at: when it, or its present address, was made.
        polled_at: when a calendar program last asked for it, to the minute; None for never.
    """

    id: str
    place: str
    personal: bool
    creator_id: str | None
    created_at: datetime
    polled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewFeed(Noun):
    """A feed with its secret, which can't be retrieved later."""

    feed: Feed
    secret: str


FEEDS_OF_A_GUILD = 10
FEEDS_OF_A_PERSON = 3
