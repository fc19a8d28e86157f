"""The commonest wish, from the first click to the posted message: a weekly post with all its parts."""

from __future__ import annotations

from typing import Any

from tests.support.composing import PNG, form, with_posts
from tests.support.text import text_of
from tests.support.world import World, labels, pick, press


async def test_a_weekly_post_with_picture_embed_ping_and_publishing_takes_two_forms(world: World) -> None:
    """A picture, an embed with two fields, a role's ping, published in an announcement channel; no JSON."""
    await with_posts(world)
    news = world.guild.create_news_channel("news")
    role = world.guild.create_role("Guests", mentionable=True)

    first = await world.admin.slash(world.channel, "schedule create", job="send_post")
    card: Any = (
        await world.admin.submit_modal(
            first,
            {
                "p:channel_ids": [news],
                "p:text": "Party on {date}!",
                "p:role_ids": [role],
                "p:files": [("poster.png", PNG)],
                "when": "every friday at 18:00",
            },
        )
    ).response
    await press(world.admin, card, "embeds:open")
    embed = {"title": "Summer party", "fields": "When: 8 pm\nWhere: The old mill", "image": "poster.png"}
    await form(world, card, "embeds:add", embed)
    await press(world.admin, card, "embeds:back")
    await pick(world.admin, card, "draft:switch", ["publish"])
    assert "Confirm" in labels(card), text_of(card)
    await world.admin.click(card, label="Confirm")
    assert "Scheduled" in text_of(card)

    await world.admin.click(card, label="Run now")
    await world.admin.click(card, label="Run it now")  # it pings a role
    posted = await world.message_in(news, "Party on")
    assert posted.content.startswith(f"{role.mention} Party on ") and "{date}" not in posted.content
    assert [item.id for item in posted.role_mentions] == [role.id]
    (shown,) = posted.embeds
    assert shown.title == "Summer party" and len(shown.fields) == 2
    assert shown.image.url is not None and "poster.png" in shown.image.url
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    assert job.params["publish"] is True and job.trigger.type != "date"
