"""The one kind of post: text, embeds, files, buttons, a poll; where, as whom, and what happens with it."""

from __future__ import annotations

from typing import Annotated, Any

from discord.ext import commands
from pydantic import Field

from schedulezero.compose import limits
from schedulezero.compose.parts import Embeds, Files, Layout, LinkButtons, Ping, Poll
from schedulezero.methods.spec import Need, in_channel
from schedulezero.methods.typed import ChannelIds, Duration, LongText, RoleIds, Text, Url, job
from sprockets.kit.cog import by_name
from sprockets.kit.sticky_keeping import KeepsStickies
from sprockets.kit.withdrawing import withdraw_post

_IN = "channel_ids"


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
    variables=("text", "title", "thread", "embeds", "poll"),
    groups={
        "post": ("channel_ids", "text", "role_ids", "files"),
        "embeds": ("embeds",),
        "extras": ("buttons", "poll", "layout", "shuffled"),
        "appearance": ("ping", "name", "avatar_url", "title", "tags"),
        "afterwards": ("publish", "pin", "replace", "silent", "no_previews"),
        "keeping": ("delete_after", "reactions", "thread", "sticky"),
        "conditions": ("quiet_for", "messages_since"),
    },
    resumable=True,
)
async def send_post(
    bot: commands.Bot,
    channel_ids: ChannelIds,
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
        buttons: Buttons that open an address
        poll: A poll
        layout: A layout of containers, sections and galleries instead of text and embeds
        shuffled: Pick from several texts (separated by --- lines) in random order
        ping: Ping everyone, or those who are online
        name: The name to post under instead of mine
        avatar_url: Address of the picture to show beside that name
        title: Title of the post in a forum
        tags: Tags of the post in a forum, separated by commas
        publish: Publish it to the servers that follow the channel
        pin: Pin it, and unpin the one before
        replace: Delete the one before
        silent: Notify nobody's phone or desktop
        no_previews: Show no previews of links
        delete_after: Delete it after this time
        reactions: Emojis to react with
        thread: Title of a thread to open under it
        sticky: Keep it the last message of the channel
        quiet_for: Post only if nobody has written for this long
        messages_since: Post only if this many messages were written since the last one
    """
    raise NotImplementedError


class ComposerSprocket(KeepsStickies):
    """Registers the one kind of post."""

    jobs = by_name(send_post, withdraw_post)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(ComposerSprocket(bot))
