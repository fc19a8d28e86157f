"""Refuse, before a post is saved, what Discord would refuse at each run."""

from __future__ import annotations

import math
from collections.abc import Sequence

import discord
from discord.ext import commands

from schedulezero.compose import limits
from schedulezero.errors import JobFailed
from sprockets.kit.composing import (
    Post,
    Say,
    embeds_of,
    emoji_of,
    layout_of,
    pings_of,
    poll_of,
    sent_names,
    size_of,
)
from sprockets.kit.forums import tags_of
from sprockets.kit.lookups import Place
from sprockets.kit.messages import expect_texts, turns_of
from sprockets.kit.webhooks import Face, expect_name, webhook_home

_MOST_TURNS = 200
"""How many runs ahead texts that take turns are looked at together."""


async def check_post(
    bot: commands.Bot, places: Sequence[Place], post: Post, face: Face, title: str, tags: str
) -> None:
    """Raise JobFailed for what Discord would refuse.

    Parameters:
        bot: The bot that posts.
        places: Where it posts, of one guild.
        post: What it posts.
        face: Under which name and with which picture; an empty name is the bot's own.
        title: The title of a post in a forum.
        tags: Its tags, by name.
    """
    guild = places[0].guild
    expect_parts(post)
    _expect_text(guild, post)
    for file in post.files:
        await size_of(bot, guild, file)
    for button in post.buttons:
        emoji_of(button)
    _expect_turns(guild, post)
    for place in places:
        await expect_place(place, post, face, title, tags)


def expect_parts(post: Post) -> None:
    """Raise JobFailed for a post of nothing, and for parts that exclude each other."""
    beside = bool(post.text.strip() or post.embeds or post.poll)
    if not (beside or post.files or post.buttons or post.layout or post.role_ids or post.ping):
        raise JobFailed(
            "There is nothing to post. Add text, an embed, a file or a poll.",
            retry=False,
            code="post_empty",
        )
    if post.layout and beside:
        raise JobFailed(
            "A layout takes the place of text, embeds and a poll. Leave out either those or the layout.",
            retry=False,
            code="layout_excludes_others",
        )
    if post.no_previews and post.embeds:
        raise JobFailed(
            "Without link previews, Discord doesn't show embeds either. Allow previews, or leave out the "
            "embeds.",
            retry=False,
            code="no_previews_hide_embeds",
        )


def _expect_text(guild: discord.Guild, post: Post) -> None:
    pings = pings_of(guild, post).text
    if not post.layout:
        something = bool(post.embeds or post.files or post.buttons or post.poll or pings)
        expect_texts(
            guild, post.text, limits.TEXT.most, "message", before=pings, blank=something, silent=True
        )


def _expect_turns(guild: discord.Guild, post: Post) -> None:
    """Raise JobFailed if what a run fills in is too long, whichever texts have their turn in it."""
    names, pings = sent_names(post.files), pings_of(guild, post)
    known: dict[str, list[str]] = {}

    def say_in(run: int) -> Say:
        def say(text: str) -> str:
            if text not in known:
                known[text] = turns_of(guild, text)
            return known[text][run % len(known[text])]

        return say

    def build(say: Say) -> None:
        embeds_of(post, names, say)
        if post.poll is not None:
            poll_of(post.poll, say)
        if post.layout:
            layout_of(post, pings, names, say)

    build(say_in(0))
    runs = math.lcm(*(len(turns) for turns in known.values())) if known else 1
    for run in range(1, min(runs, _MOST_TURNS)):
        build(say_in(run))


async def expect_place(place: Place, post: Post, face: Face, title: str, tags: str) -> None:
    """Raise JobFailed if a post can't go to a place; the parameters are those of `check_post`."""
    if face.name:
        expect_name(face.name)
        webhook_home(place)
    elif face.avatar_url:
        raise JobFailed(
            "An avatar can only be shown with a name. Enter a name, too.",
            retry=False,
            code="face_without_name",
        )
    if not isinstance(place, discord.ForumChannel):
        return
    if not title.strip():
        raise JobFailed(
            "A post in #{name} needs a title.", retry=False, code="forum_needs_title", name=place.name
        )
    expect_texts(place.guild, title, limits.THREAD_TITLE.most, "title")
    if post.poll is not None and not face.name:
        raise JobFailed(
            "A forum can't have polls. Choose a text channel instead of #{name}.",
            retry=False,
            code="no_polls_in_forums",
            name=place.name,
        )
    await tags_of(place, tags)
