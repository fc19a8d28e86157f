"""What people type in a form becomes mentions, which ping only whom the job's author may ping."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import pytest

from tests.conftest import until
from tests.support.acting import a_job, began, click, run_now, scheduler
from tests.support.granting import give_the_bot
from tests.support.rules.application_webhooks import application_webhooks
from tests.support.rules.applying import applied
from tests.support.rules.webhook_places import WebhookPlaces
from tests.support.scheduling import hello
from tests.support.text import text_of
from tests.support.world import World, labels, press, said


def newest(world: World, containing: str) -> Any:
    """The newest message with a text, as Discord has it."""
    stored = [item for channel in world.env.backend.messages.values() for item in channel.values()]
    return max((item for item in stored if containing in item.content), key=lambda item: item.id)


def allowed(world: World) -> dict[str, Any]:
    """The allowed_mentions of the newest message that was posted."""
    sent = [item for item in world.env.http_requests if "allowed_mentions" in (item.json or {})]
    return (sent[-1].json or {})["allowed_mentions"]


def posted_with(world: World) -> dict[str, Any]:
    """The allowed_mentions of the newest message or forum post."""
    bodies = [item.json or {} for item in world.env.http_requests if item.method == "POST"]
    found = [body.get("message", body).get("allowed_mentions") for body in bodies]
    return [item for item in found if item is not None][-1]


async def ran(world: World, creator_id: str | None, params: dict[str, Any], method: str) -> Any:
    """Run a job made over REST, and return its run once it has ended."""
    give_the_bot(world, discord.Permissions(administrator=True))
    job = await a_job(world, method=method, params=params, name="x", creator_id=creator_id)
    client = world.bot.services.client
    await client.run(job)

    async def look() -> Any:
        found = (await client.runs(str(world.guild.id), job_id=job.id)).runs
        return found[0] if found and found[0].finished_at is not None else None

    return await until(look)


def given(world: World, method: str, message: str) -> dict[str, Any]:
    here = str(world.channel.id)
    if method == "send_post":
        return {"channel_ids": [here], "text": message}
    where: dict[str, Any] = {"channel_ids": [here]} if "multiple" in method else {"channel_id": here}
    more = {"send_as": {"name": "Herald"}, "create_thread": {"title": "Talk"}}.get(method, {})
    return {**where, "message": message, **more}


METHODS = ["send_announcement", "send_to_multiple_channels", "send_as", "create_thread", "send_post"]


@pytest.mark.parametrize("method", METHODS)
async def test_a_typed_role_is_pinged_only_for_an_author_who_may(world: World, method: str) -> None:
    closed = world.guild.create_role("Heralds")
    sam = await scheduler(
        world, send_messages=True, view_channel=True, manage_webhooks=True, create_public_threads=True,
        send_messages_in_threads=True,
    )  # fmt: skip
    text = f"Now <@&{closed.id}>"
    for creator, pinged in ((world.admin, [closed.id]), (sam, []), (None, [])):
        creator_id = str(creator.id) if creator is not None else None
        run = await ran(world, creator_id, given(world, method, text), method)
        assert run.error is None, run.error
        sent = newest(world, "Now")
        assert sent.content == text
        assert [int(item) for item in allowed(world).get("roles", [])] == pinged
        # Discord lets a webhook ping every role; simcord asks for roles that anyone may mention.
        assert method == "send_as" or list(sent.ping_role_ids) == pinged


async def test_a_role_that_anyone_may_mention_is_pinged_for_anyone(world: World) -> None:
    fans = world.guild.create_role("Fans", mentionable=True)
    sam = await scheduler(world, send_messages=True, view_channel=True)
    params = given(world, "send_announcement", f"Hi <@&{fans.id}> <@&{world.guild.id}>")
    await ran(world, str(sam.id), params, "send_announcement")
    assert list(newest(world, "Hi").ping_role_ids) == [fans.id]
    assert not newest(world, "Hi").mention_everyone


async def test_a_variable_pings_no_role(world: World) -> None:
    closed = world.guild.create_role("Heralds")
    params = given(world, "send_announcement", "Now {role:Heralds}")
    await ran(world, str(world.admin.id), params, "send_announcement")
    assert newest(world, "Now").content == f"Now <@&{closed.id}>"
    assert list(newest(world, "Now").ping_role_ids) == []


async def test_nobody_lets_another_persons_job_ping_beyond_their_own_rights(world: World) -> None:
    closed = world.guild.create_role("Heralds")
    sam = await scheduler(world, send_messages=True, view_channel=True)
    params = given(world, "send_announcement", f"Now <@&{closed.id}>")
    job = await a_job(world, params=params, name="x")
    assert "you don't have *Mention @everyone" in said(await click(world, sam, "job", "run", job.id))
    assert began(await run_now(world, world.admin, job))


async def test_a_typed_role_needs_approval_like_a_picked_one(world: World) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    world.guild.create_role("Heralds")
    await world.env.settle()
    settings = await world.bot.memory.settings(world.guild.id)
    await world.bot.memory.save_settings(world.guild.id, replace(settings, approval=True))
    values = hello(world, message="Hi @Heralds")
    preview = await world.draft(world.admin, "send_announcement", values, "tomorrow at 9")
    assert "Ask for approval" in labels(preview.response)


async def test_names_become_mentions_and_come_back_in_the_form(world: World) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    role = world.guild.create_role("Event Guests")
    stage = world.guild.create_text_channel("stage-news")
    person = world.guild.add_member(world.env.create_user("pia.m"))
    await world.env.settle()
    typed = "Hi @Event Guests and @pia.m, see #stage-news, `@Event Guests`, /schedule list"
    values = hello(world, message=typed)
    preview = await world.draft(world.admin, "send_announcement", values, "tomorrow at 9")
    text = text_of(preview.response)
    assert f"Hi <@&{role.id}> and <@{person.id}>, see <#{stage.id}>, `@Event Guests`" in text
    assert "</schedule list:" in text and "doesn't ping anyone" not in text
    form = await press(world.admin, preview.response, ".what")
    assert form.modal is not None
    assert form.modal["components"][0]["component"]["value"] == typed
    await world.admin.submit_modal(form, {"p:message": typed})
    assert f"Hi <@&{role.id}> and <@{person.id}>" in text_of(preview.response)


async def test_names_of_hidden_channels_stay_hidden(world: World) -> None:
    hidden = world.guild.create_text_channel(
        "council", overwrites={world.guild.default_role: discord.PermissionOverwrite(view_channel=False)}
    )
    await world.env.settle()
    sam = await scheduler(world, send_messages=True, view_channel=True)
    values = hello(world, message="#council #counci")
    preview = await world.draft(sam, "send_announcement", values, "tomorrow at 9")
    assert str(hidden.id) not in text_of(preview.response)
    assert "Did you mean" not in text_of(preview.response)


# Read as: what is typed, and what the card says before it is saved.
CAUTIONS = [
    ("@Heralsd", "`@Heralsd` doesn't ping anyone: I can't find a role or person here with this name."),
    ("@Heralsd", "Did you mean @Heralds?"),
    ("@Twin", "`@Twin` stays plain text, because the name isn't unique here."),
    (":nope:", "`:nope:` is posted as text: this server has no such emoji."),
    ("#announcemnts", "`#announcemnts` is posted as text: there is no such channel here."),
    ("@everyone", "@everyone in the text doesn't ping anyone."),
    ("@Heralds", "is shown but not pinged in"),
    ("<@&123456789012345678>", "isn't one of this server's roles"),
]


@pytest.mark.parametrize(("typed", "caution"), CAUTIONS)
async def test_what_pings_nobody_is_said_before_saving(world: World, typed: str, caution: str) -> None:
    for name in ("Heralds", "Twin", "Twin"):
        world.guild.create_role(name)
    world.guild.create_text_channel("announcements")
    await world.env.settle()
    sam = await scheduler(world, send_messages=True, view_channel=True)
    values = hello(world, message=typed)
    preview = await world.draft(sam, "send_announcement", values, "tomorrow at 9")
    assert caution in text_of(preview.response)
    assert "Confirm" in labels(preview.response)


@pytest.mark.parametrize("method", METHODS)
async def test_at_silent_posts_without_a_notification(world: World, method: str) -> None:
    await ran(world, None, given(world, method, "@silent Psst"), method)
    sent = newest(world, "Psst")
    assert sent.content == "Psst" and sent.flags & 1 << 12


@pytest.mark.parametrize("where", ["as", "forum", "forum as"])
async def test_a_post_elsewhere_pings_and_is_silent_alike(world: World, where: str) -> None:
    closed = world.guild.create_role("Heralds")
    params = given(world, "send_post", f"@silent Now <@&{closed.id}>")
    if "forum" in where:
        params |= {"channel_ids": [str(world.guild.create_forum_channel("ideas").id)], "title": "Talk"}
    if "as" in where:
        params["name"] = "Herald"
    sam = await scheduler(
        world, send_messages=True, view_channel=True, manage_webhooks=True, send_messages_in_threads=True
    )
    for creator, pinged in ((world.admin, [closed.id]), (sam, [])):
        with applied(WebhookPlaces()), application_webhooks():
            run = await ran(world, str(creator.id), params, "send_post")
        assert run.error is None, run.error
        sent = newest(world, "Now")
        assert sent.content == f"Now <@&{closed.id}>" and sent.flags & 1 << 12
        assert [int(item) for item in posted_with(world).get("roles", [])] == pinged


async def test_a_picked_role_stands_before_a_silent_text(world: World) -> None:
    one, two = (world.guild.create_role(name) for name in ("One", "Two"))
    params = given(world, "send_post", f"@silent Psst <@&{two.id}> <@&{one.id}>")
    await ran(world, str(world.admin.id), {**params, "role_ids": [str(one.id)]}, "send_post")
    sent = newest(world, "Psst")
    assert sent.content == f"<@&{one.id}> Psst <@&{two.id}> <@&{one.id}>" and sent.flags & 1 << 12
    assert sorted(sent.ping_role_ids) == sorted([one.id, two.id])


async def test_a_posts_card_says_which_typed_role_is_not_pinged(world: World) -> None:
    role = world.guild.create_role("Heralds")
    await world.env.settle()
    sam = await scheduler(world, send_messages=True, view_channel=True)
    values = {"channel_ids": [world.channel], "text": "Hi @Heralds and @everyone"}
    preview = await world.draft(sam, "send_post", values, "tomorrow at 9")
    text = text_of(preview.response)
    assert f"<@&{role.id}> is shown but not pinged in" in text
    assert (
        "@everyone in the text doesn't ping anyone. To ping a role or everyone, choose it in the form."
        in text
    )


async def test_at_silent_alone_is_an_empty_message(world: World) -> None:
    values = hello(world, message="@silent")
    preview = await world.draft(world.admin, "send_announcement", values, "tomorrow at 9")
    assert "The message is empty." in text_of(preview.response)
