"""A lock leaves nobody writing but moderators, in random servers, by Discord's documented rules."""

from __future__ import annotations

import os
import random

import discord
import pytest

from sprockets.kit.write_access import WRITING, Overwrite, Person, Place, closed_in, still_writing, to_close

EXAMPLES = 2_000 if os.environ.get("CI") else 200
ADMINISTRATOR, MANAGE_CHANNELS, MANAGE_MESSAGES, VIEW = 1 << 3, 1 << 4, 1 << 13, 1 << 10
MANAGE = MANAGE_CHANNELS | MANAGE_MESSAGES
SEND, PUBLIC, PRIVATE, IN_THREADS = 1 << 11, 1 << 35, 1 << 36, 1 << 38
CONNECT, SPEAK, REQUEST_TO_SPEAK = 1 << 20, 1 << 21, 1 << 32
CLOSED = SEND | PUBLIC | PRIVATE | IN_THREADS
# Read as: a kind of channel, and what its lock takes away.
CLOSED_IN = {
    discord.ChannelType.text: CLOSED,
    discord.ChannelType.forum: CLOSED,
    discord.ChannelType.voice: SEND | CONNECT | SPEAK,
    discord.ChannelType.stage_voice: SEND | CONNECT | SPEAK | REQUEST_TO_SPEAK,
    discord.ChannelType.category: CLOSED | CONNECT | SPEAK | REQUEST_TO_SPEAK,
}
GUILD, ME, MINE = 1, 900, 90


def permissions_by_the_rules(
    roles: dict[int, int], overwrites: list[Overwrite], member: int, worn: frozenset[int], owner: int
) -> int:
    """Follow https://discord.com/developers/docs/topics/permissions#permission-overwrites step by step."""
    everything = (1 << 53) - 1
    if member == owner:
        return everything
    permissions = roles[GUILD]
    for role in worn:
        permissions |= roles[role]
    if permissions & ADMINISTRATOR == ADMINISTRATOR:
        return everything
    for item in overwrites:
        if item.is_role and item.id == GUILD:
            permissions &= ~item.deny
            permissions |= item.allow
    allow = deny = 0
    for item in overwrites:
        if item.is_role and item.id != GUILD and item.id in worn:
            allow |= item.allow
            deny |= item.deny
    permissions &= ~deny
    permissions |= allow
    for item in overwrites:
        if not item.is_role and item.id == member:
            permissions &= ~item.deny
            permissions |= item.allow
    return permissions


def some(rng: random.Random, likely: float = 0.35) -> int:
    bits = (
        ADMINISTRATOR, MANAGE_CHANNELS, MANAGE_MESSAGES, VIEW, SEND, PUBLIC, PRIVATE, IN_THREADS,
        CONNECT, SPEAK, REQUEST_TO_SPEAK,
    )  # fmt: skip
    chance = {ADMINISTRATOR: 0.06, MANAGE_CHANNELS: 0.1, MANAGE_MESSAGES: 0.2}
    return sum(bit for bit in bits if rng.random() < chance.get(bit, likely))


def pair(rng: random.Random) -> tuple[int, int]:
    allow = some(rng) & ~ADMINISTRATOR
    return allow, some(rng) & ~allow & ~ADMINISTRATOR


@pytest.mark.parametrize("kind", CLOSED_IN, ids=lambda kind: kind.name)
def test_nobody_but_moderators_writes_after_a_lock(kind: discord.ChannelType) -> None:
    closed = CLOSED_IN[kind]
    kept_some_moderators = closed_people = kept_roles = 0
    for seed in range(EXAMPLES):
        rng = random.Random(seed)
        ids = list(range(10, 10 + rng.randrange(1, 6)))
        roles = {GUILD: some(rng) & ~ADMINISTRATOR, MINE: some(rng, 0.9), **{item: some(rng) for item in ids}}
        members = {100 + number: frozenset(item for item in ids if rng.random() < 0.4) for number in range(8)}
        overwrites = [Overwrite(item, True, *pair(rng)) for item in roles if rng.random() < 0.6]
        overwrites += [Overwrite(item, False, *pair(rng)) for item in members if rng.random() < 0.3]
        worn_by_me = frozenset({MINE, *(item for item in ids if rng.random() < 0.3)})
        if rng.random() < 0.2:
            overwrites.append(Overwrite(ME, False, *pair(rng)))
        # Somebody with an overwrite has left; they come back with roles that nobody knows now.
        left = {item for item in members if rng.random() < 0.1}
        people = {item: Person(item, worn) for item, worn in members.items() if item not in left}
        place = Place(GUILD, roles, tuple(overwrites), people, Person(ME, worn_by_me), MINE)

        changes = to_close(place, closed)
        after = list(place.with_changes(changes).overwrites)
        for member, worn in members.items():
            if member in left:
                continue
            now = permissions_by_the_rules(roles, after, member, worn, owner=0)
            if now & (ADMINISTRATOR | MANAGE):
                kept_some_moderators += bool(now & closed)
                continue
            assert now & closed == 0, (seed, member, bin(now & closed))
            closed_people += 1
        # Whoever has only a role that manages here can write what they could write before.
        for role in ids:
            alone = frozenset({role})
            before = permissions_by_the_rules(roles, overwrites, 0, alone, owner=0)
            kept_by = permissions_by_the_rules(roles, after, 0, alone, owner=0)
            denied = any(item.deny & MANAGE for item in overwrites if item.is_role)
            if roles[role] & MANAGE and not denied:
                assert before & closed & ~kept_by == 0, seed
                kept_roles += bool(before & closed)
            assert kept_by & closed & ~before == 0, (seed, "more than before")
        # What the bot could write, it can still write.
        before = permissions_by_the_rules(roles, overwrites, ME, worn_by_me, owner=0)
        mine = permissions_by_the_rules(roles, after, ME, worn_by_me, owner=0)
        assert before & closed & ~mine == 0, seed
        assert list(still_writing(place.with_changes(changes), closed)) == [], seed
        # Nothing but writing changes.
        for change in changes:
            found = place.overwrite(change.id, is_role=change.is_role)
            assert (change.allow ^ found.allow | change.deny ^ found.deny) & ~closed == 0, seed
    assert kept_some_moderators > EXAMPLES // 20 and closed_people > EXAMPLES and kept_roles


def test_the_bits_are_discords() -> None:
    assert WRITING == CLOSED
    assert {kind: closed_in(kind) for kind in CLOSED_IN} == CLOSED_IN


@pytest.mark.parametrize(
    ("overwrite", "worn"),
    [
        (Overwrite(10, True, allow=SEND), {10}),  # a role that the bot bears as well
        (Overwrite(10, True, allow=IN_THREADS), {10}),  # a role that may only write in threads
        (Overwrite(10, True, allow=PUBLIC), {10}),
        (Overwrite(100, False, allow=SEND), set[int]()),  # a person
    ],
)
def test_who_wrote_on_in_a_locked_channel(overwrite: Overwrite, worn: set[int]) -> None:
    people = {100: Person(100, frozenset(worn))}
    me = Person(ME, frozenset({10, MINE}))
    place = Place(GUILD, {GUILD: SEND, 10: 0, MINE: CLOSED}, (overwrite,), people, me, MINE)
    after = list(place.with_changes(to_close(place, CLOSED)).overwrites)
    roles = dict(place.roles)
    assert permissions_by_the_rules(roles, after, 100, frozenset(worn), owner=0) & CLOSED == 0
