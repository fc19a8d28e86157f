"""The end of a post: the job that deletes one of the bot's own posts after a while."""

from __future__ import annotations

from typing import Any

from discord.ext import commands

from schedulezero.errors import Gone, JobFailed
from schedulezero.handler.steps import step
from schedulezero.methods.host import host_of
from schedulezero.methods.note_kinds import FOLLOW_UP
from schedulezero.methods.spec import Need, in_channel
from schedulezero.methods.typed import MessageLink, job
from schedulezero.sentences import Sentence
from sprockets.kit.follow_up import owed, replaced
from sprockets.kit.last_posts import Post
from sprockets.kit.lookups import find_message
from sprockets.kit.own_posts import delete_own
from sprockets.kit.results import success


@job(
    # The post may belong to a job that somebody else scheduled. The bot needs no right to delete its own.
    needs=(
        *in_channel("message_url"),
        Need("read_message_history", channel="message_url", of="person"),
        Need("manage_messages", channel="message_url", of="person"),
    ),
    resumable=True,
    instead="delete_post",
)
async def withdraw_post(bot: commands.Bot, message_url: MessageLink) -> dict[str, Any]:
    """Delete one of my own messages.

    Params:
        message_url: The post's link: right-click the post and choose Copy Message Link
    """
    debt = await owed(bot)
    if debt is not None and await replaced(bot, debt.about):
        return success(Sentence("The post was already gone.", "post_gone_already"))
    try:
        post = Post.from_json(debt.left["post"]) if debt is not None else await _own(bot, message_url)
    except Gone:
        return success(Sentence("The post was already gone.", "post_gone_already"))

    async def do(_: dict[str, Any]) -> dict[str, Any]:
        return {"deleted": await delete_own(bot, post, Sentence("delete my post", "doing_delete_mine"))}

    deleted = (await step("delete", do))["deleted"]
    if debt is not None:
        await host_of(bot).memory.forget(FOLLOW_UP, debt.about)
    said = (
        Sentence("The post was deleted.", "post_deleted")
        if deleted
        else Sentence("The post was already gone.", "post_gone_already")
    )
    return success(said, channel_id=str(post.channel_id))


async def _own(bot: commands.Bot, message_url: str) -> Post:
    """Return the post that a link leads to. Raises JobFailed if it is neither the bot's nor a webhook's."""
    found = await find_message(bot, message_url)
    if found.webhook_id is None and found.author != bot.user:
        raise JobFailed(
            "I can only delete my own posts, and this one is by someone else.",
            retry=False,
            code="not_my_post_to_delete",
        )
    return Post(found.id, found.channel.id, found.webhook_id)
