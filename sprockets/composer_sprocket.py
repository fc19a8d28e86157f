"""The one kind of post: text, embeds, files, buttons, a poll; where, as whom, and what happens with it."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any

import discord
from discord.ext import commands
from pydantic import Field

from schedulezero.compose import limits
from schedulezero.compose.parts import Embeds, Files, Layout, LinkButtons, Ping, Poll
from schedulezero.methods.annotations import Channels
from schedulezero.methods.spec import Need, in_channel
from schedulezero.methods.typed import ChannelIds, Duration, LongText, RoleIds, Text, Url, job
from sprockets.kit.afterwards import Afterwards, afterwards, expect_afterwards, expect_possible
from sprockets.kit.cog import by_name
from sprockets.kit.composing import Post, outgoing
from sprockets.kit.conditions import may_post
from sprockets.kit.forums import Titled, open_post, open_post_as, tags_of, title_for
from sprockets.kit.lookups import Place, place_of
from sprockets.kit.post_checks import check_post, expect_parts, expect_place
from sprockets.kit.post_results import ended, skipped
from sprockets.kit.posting import send as send_once
from sprockets.kit.several import for_each
from sprockets.kit.sticky_keeping import KeepsStickies
from sprockets.kit.webhooks import Face, send_as
from sprockets.kit.withdrawing import withdraw_post

_IN = "channel_ids"
_PLACES = (
    "text", "news", "voice", "stage_voice", "forum", "public_thread", "private_thread", "news_thread"
)  # fmt: skip


@job(
    needs=(
        *in_channel(_IN, "send_messages"),
        Need("embed_links", channel=_IN, when="embeds"),
        Need("attach_files", channel=_IN, when="files"),
        Need("send_polls", channel=_IN, when="poll"),
        Need("mention_everyone", channel=_IN, when="role_ids"),
        Need("mention_everyone", channel=_IN, when="ping"),
        Need("manage_webhooks", channel=_IN, when="name"),
        # A webhook's post takes it to be published, and then the job looks.
        Need("manage_messages", channel=_IN, when="publish", of="invite"),
        Need("pin_messages", channel=_IN, when="pin"),
        Need("read_message_history", channel=_IN, when="pin"),
        Need("add_reactions", channel=_IN, when="reactions"),
        Need("read_message_history", channel=_IN, when="reactions"),
        Need("create_public_threads", channel=_IN, when="thread"),
        Need("read_message_history", channel=_IN, when="quiet_for"),
        Need("read_message_history", channel=_IN, when="messages_since"),
        Need("read_message_history", channel=_IN, when="sticky"),
    ),
    variables=("text", "title", "thread", "embeds", "poll", "layout"),
    pings=("text", "layout"),
    groups={
        "post": ("channel_ids", "text", "role_ids", "files"),
        "embeds": ("embeds",),
        "extras": ("buttons", "poll", "layout", "shuffled"),
        "appearance": ("ping", "name", "avatar_url", "title", "tags"),
        "afterwards": ("publish", "pin", "replace", "silent", "no_previews"),
        "after_posting": ("delete_after", "reactions", "thread", "sticky"),
        "conditions": ("quiet_for", "messages_since"),
    },
    resumable=True,
)
async def send_post(
    bot: commands.Bot,
    channel_ids: Annotated[ChannelIds, Channels(_PLACES)],
    text: LongText = "",
    role_ids: RoleIds | None = None,
    files: Files | None = None,
    embeds: Embeds | None = None,
    buttons: LinkButtons | None = None,
    poll: Poll | None = None,
    layout: Layout | None = None,
    shuffled: bool = False,
    ping: Ping | None = None,
    name: Annotated[Text, Field(max_length=limits.WEBHOOK_NAME.most)] = "",
    avatar_url: Url | None = None,
    title: Text = "",
    tags: Text = "",
    publish: bool = False,
    pin: bool = False,
    replace: bool = False,
    silent: bool = False,
    no_previews: bool = False,
    delete_after: Duration | None = None,
    reactions: Text = "",
    thread: Text = "",
    sticky: bool = False,
    quiet_for: Duration | None = None,
    messages_since: Annotated[int, Field(ge=1, le=1000)] | None = None,
) -> dict[str, Any]:
    """Post something.

    Params:
        channel_ids: Where to post; a forum gets a new post each time
        text: What to say
        role_ids: Roles to ping
        files: Pictures and other files
        embeds: Embeds
        buttons: Buttons that open a link
        poll: A poll
        layout: A layout of containers, sections and galleries instead of text and embeds
        shuffled: Use several texts (separated by --- lines) in random order
        ping: Ping everyone, or those who are online
        name: The name to post under instead of mine
        avatar_url: Address of the picture to show beside that name
        title: Title of the forum post
        tags: Tags of the forum post, separated by commas
        publish: Publish the post to the servers that follow the channel
        pin: Pin the post, and unpin the previous one
        replace: Delete the previous one
        silent: Don't send phone or desktop notifications
        no_previews: Don't show link previews
        delete_after: Delete the post after this long
        reactions: Emojis to react with
        thread: Title of a thread to create under the post
        sticky: Keep the post as the last message in the channel
        quiet_for: Post only if nobody has written for this long
        messages_since: Post only if at least this many messages have been written since the last post
    """
    post = Post(
        text=text,
        embeds=embeds or (),
        files=files or (),
        buttons=buttons or (),
        poll=poll,
        layout=layout or (),
        role_ids=role_ids or (),
        ping=ping,
        shuffled=shuffled,
        silent=silent,
        no_previews=no_previews,
    )
    face = Face(name, avatar_url)
    expect_parts(post)

    options = Afterwards(
        publish=publish,
        pin=pin,
        replace=replace,
        delete_after=delete_after,
        reactions=reactions,
        thread=thread,
        sticky=sticky,
        quiet_for=quiet_for,
        messages_since=messages_since,
    )

    async def send(channel_id: int) -> dict[str, Any]:
        place = await place_of(bot, channel_id)
        expect_possible([place], options, poll=poll is not None)
        why = await may_post(bot, place, options.quiet_for, options.messages_since)
        if why is not None:
            return skipped(channel_id, why)
        sent = await _send_in(bot, place, post, face, title, tags)
        return {**sent, **(await afterwards(bot, place, sent, options)).to_json()}

    unique = list(dict.fromkeys(channel_ids))
    return ended(unique, await for_each(unique, send))


async def _send_in(
    bot: commands.Bot, place: Place, post: Post, face: Face, title: str, tags: str
) -> dict[str, Any]:
    """Post in one channel, thread or forum, once in the current run; returns the post's ids and link."""
    await expect_place(place, post, face, title, tags)
    said = await outgoing(bot, place, post)
    if isinstance(place, discord.ForumChannel):
        titled = Titled(title_for(place.guild, title), await tags_of(place, tags))
        if face.name:
            return await open_post_as(bot, place, face, titled, said)
        return await open_post(place, titled, said)
    if face.name:
        return await send_as(bot, place, face, said)
    return await send_once(place, f"#{place.name}", said)


@send_post.check
async def _check(
    bot: commands.Bot,
    channel_ids: list[int],
    name: str,
    avatar_url: str | None,
    title: str,
    tags: str,
    **asked: Any,
) -> None:
    places = [await place_of(bot, channel_id) for channel_id in dict.fromkeys(channel_ids)]
    names = {field.name for field in fields(Post)}
    post = Post(**{key: value for key, value in asked.items() if key in names and value is not None})
    await check_post(bot, places, post, Face(name, avatar_url), title, tags)
    await expect_afterwards(places, Afterwards.of(asked), name=name, poll=post.poll is not None)


class ComposerSprocket(KeepsStickies):
    """Registers the one kind of post."""

    jobs = by_name(send_post, withdraw_post)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(ComposerSprocket(bot))
