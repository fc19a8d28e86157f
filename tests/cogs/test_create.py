"""`/schedule create`: the form, the preview, what is refused, and that nothing typed is lost."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from cogs.admin_cog import job_choice
from cogs.desk.jobs.approval_card import approval_card
from cogs.services import pickable_specs, spec_for
from schedulezero.methods.spec import MethodSpec
from tests.support.granting import give_the_bot
from tests.support.languages import everybody_is
from tests.support.scheduling import hello
from tests.support.text import text_of
from tests.support.world import World, button_target, labels, pick, press, said, selects


async def test_the_method_is_suggested_by_what_it_does(world: World) -> None:
    choices = await world.admin.autocomplete(world.channel, "schedule create", "job", "announ")
    # Another method replaces it; whoever types its name finds it all the same.
    assert "Post a message in a channel" in [choice["name"] for choice in choices]
    # As the README says.
    guided = await world.admin.autocomplete(world.channel, "schedule create", "job", "post")
    assert guided[0]["name"] == "Post something"
    everything = await world.admin.autocomplete(world.channel, "schedule create", "job", "")
    assert everything[0]["value"] == "send_post"
    offered = {spec.name for spec in pickable_specs(world.bot)}  # without what another one replaces
    assert "remind" not in offered  # that one is for oneself
    assert {choice["value"] for choice in everything} == offered


def test_jobs_of_one_summary_are_told_apart_by_their_methods() -> None:
    spec = MethodSpec("ring", "Ring a bell.", ())
    assert job_choice(spec, alone=True) == "Ring a bell"
    assert job_choice(spec, alone=False) == "Ring a bell · Ring"
    assert job_choice(MethodSpec("ring_it", "", ()), alone=True) == "Ring it"


async def test_the_form_has_discords_own_fields(world: World) -> None:
    shown = await world.admin.slash(world.channel, "schedule create", job="send_announcement")
    assert shown.modal is not None
    kinds = {item["label"]: item["component"]["type"] for item in shown.modal["components"]}
    assert kinds == {
        "Channel": 8, "Message": 4, "Role (optional)": 6, "Everyone (optional)": 23, "When": 4,
    }  # fmt: skip
    channel = shown.modal["components"][0]["component"]
    assert [str(item["id"]) for item in channel["default_values"]] == [str(world.channel.id)]


@pytest.mark.parametrize(
    "method",
    [
        "send_announcement", "send_embed_announcement", "send_to_multiple_channels", "send_dm",
        "cleanup_messages", "add_role_scheduled", "remove_role_scheduled", "lockdown_channel",
        "unlock_channel", "question_of_the_day",
    ],
)  # fmt: skip
async def test_every_built_in_method_has_a_form(world: World, method: str) -> None:
    shown = await world.admin.slash(world.channel, "schedule create", job=method)
    assert shown.modal is not None
    assert shown.modal["components"][-1]["label"] == "When"


async def test_when_and_name_may_come_with_the_command(world: World) -> None:
    shown = await world.admin.slash(
        world.channel, "schedule create", job="send_announcement", when="every monday at 9", name="Week"
    )
    assert shown.modal is not None
    assert shown.modal["components"][-1]["component"]["value"] == "every monday at 9"
    preview = await world.admin.submit_modal(
        shown, {"p:channel_id": [world.channel], "p:message": "Hi", "when": "every monday at 9"}
    )
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "Scheduled: Week" in text_of(preview.response)


async def test_the_preview_says_what_where_and_when(world: World) -> None:
    await world.admin.slash(world.channel, "schedule timezone", zone="Europe/Berlin")
    preview = await world.draft(world.admin, "send_announcement", hello(world), "every monday at 18:00")
    text = text_of(preview.response)
    assert f"<#{world.channel.id}>" in text and "> Hello" in text
    assert "every Monday at 18:00 (Europe/Berlin)" in text
    assert text.count(":F> (<t:") == 5
    assert "/schedule timezone" not in text
    assert labels(preview.response) == [
        "Change", "Edit", "Edit", "Edit", "Edit", "Edit", "Confirm", "Save for later", "More…", "Discard",
    ]  # fmt: skip


@pytest.mark.long
async def test_a_refused_form_comes_back_as_it_was_filled(world: World) -> None:
    preview = await world.draft(world.admin, "send_announcement", hello(world), "on blursday")
    text = text_of(preview.response)
    assert "“blursday” in “on blursday” was not understood." in text and "`on thursday`" in text
    assert "Confirm" not in labels(preview.response)
    what = await press(world.admin, preview.response, ".what")
    assert what.modal is not None
    assert what.modal["components"][0]["component"]["value"] == "Hello"
    again = await press(world.admin, preview.response, ".when")
    assert again.modal is not None
    assert [item["label"] for item in again.modal["components"]][:2] == ["When", "End (optional)"]
    assert again.modal["components"][0]["component"]["value"] == "on blursday"
    await world.admin.submit_modal(again, {"when": "in 2 hours"})
    assert "Confirm" in labels(preview.response)
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "Scheduled: Hello" in text_of(preview.response)


@pytest.mark.parametrize(
    ("when", "offered"),
    [
        ("1 january 2020 at 18:00", "at 18:00"),  # the past: the next one like it
        ("every blursday at 9", "thursday"),  # a word that is near and makes sense there
        ("every monday at 9 CST", "Asia/Shanghai"),  # a zone that several share
    ],
)
async def test_what_may_have_been_meant_can_be_clicked(world: World, when: str, offered: str) -> None:
    preview = await world.draft(world.admin, "send_announcement", hello(world), when)
    assert "Confirm" not in labels(preview.response)
    (select,) = selects(preview.response)
    (value,) = [option["value"] for option in select["options"] if offered in option["value"]]
    await world.admin.select(preview.response, [value], custom_id=select["custom_id"])  # type: ignore[arg-type]
    assert "Confirm" in labels(preview.response)
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "Scheduled: Hello" in text_of(preview.response)


async def test_a_time_that_others_read_otherwise_is_told_and_changed_by_a_click(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody_is(monkeypatch, "en-US")
    preview = await world.draft(world.admin, "send_announcement", hello(world), "9/10 18:00 America/New_York")
    assert "“9/10” was read as September 10" in text_of(preview.response)
    assert "(America/New_York)" in text_of(preview.response)
    assert "Confirm" in labels(preview.response)
    (select,) = [item for item in selects(preview.response) if ":meant:" in item["custom_id"]]
    (value,) = [option["value"] for option in select["options"]]
    await world.admin.select(preview.response, [value], custom_id=select["custom_id"])  # type: ignore[arg-type]
    assert "on October 9" in text_of(preview.response)
    assert "was read as" not in text_of(preview.response)
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "Scheduled: Hello" in text_of(preview.response)


@pytest.mark.parametrize(
    "when", ["yesterday", "1 january 2020", "31 february", "0 0 31 2 *", "every", "@everyone"]
)
async def test_the_past_and_the_impossible_are_refused(world: World, when: str) -> None:
    preview = await world.draft(world.admin, "send_announcement", hello(world), when)
    assert "Fix these first" in text_of(preview.response)
    assert "Confirm" not in labels(preview.response)


async def test_more_parameters_than_a_form_has_go_to_a_second_line(world: World) -> None:
    values = {"channel_id": [world.channel], "title": "Party", "description": "Come!", "color": "blue"}
    preview = await world.draft(world.admin, "send_embed_announcement", values, "tomorrow at 9")
    first = await press(world.admin, preview.response, ".what")
    assert first.modal is not None
    assert [item["label"] for item in first.modal["components"]] == [
        "Title", "Description", "Colour (optional)", "Footer (optional)", "Thumbnail (optional)",
    ]  # fmt: skip
    await world.admin.submit_modal(
        first,
        {"p:title": "Party", "p:description": "Come!", "p:color": "mauvish", "p:footer": "small",
         "p:thumbnail_url": "ftp://x"},
    )  # fmt: skip
    second = await press(world.admin, preview.response, ".more1")
    assert second.modal is not None
    assert [item["label"] for item in second.modal["components"]] == ["Image (optional)", "Fields (optional)"]
    await world.admin.submit_modal(second, {"p:image_url": "", "p:fields": "[1"})
    text = text_of(preview.response)
    assert "**Thumbnail:** must be an address" in text and "**Fields:** must be a JSON list" in text
    assert "**Colour:** must be a colour such as #5865F2" in text
    assert "Party" in text and "small" in text


async def test_defaults_are_shown_before_and_after_the_job_is_saved(world: World) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    where = {"channel_id": [world.channel]}
    preview = await world.draft(world.admin, "cleanup_messages", where, "tomorrow at 9")
    assert preview.response is not None
    text = text_of(preview.response)
    assert "**Limit:** 100 (default)" in text
    assert "nothing yet" not in text.replace("**Before and after:**\n*nothing yet*", "")
    assert "at most 100 messages" in text and "**More options:** *nothing chosen*" in text
    await world.admin.click(preview.response, label="Confirm")
    assert "**Limit:** 100 (default)" in text_of(preview.response)


@pytest.mark.parametrize("params", [{}, {"limit": None}, {"limit": ""}])
async def test_an_approver_reads_the_defaults_of_a_job_from_elsewhere(
    world: World, params: dict[str, Any]
) -> None:
    job = await world.schedule(
        "cleanup_messages", {"channel_id": str(world.channel.id), **params}, "in 1 day"
    )
    spec = spec_for(world.bot, job.method)
    assert "**Limit:** 100 (default)" in str(approval_card(job, spec, heading="").panel.to_components())
    shown = await world.admin.slash(world.channel, "schedule show", job=job.id)
    assert "**Limit:** 100 (default)" in said(shown)


async def test_what_will_be_posted_is_shown_as_it_will_look(world: World) -> None:
    await world.admin.slash(world.channel, "schedule timezone", zone="Europe/Berlin")
    values = {
        "channel_id": [world.channel],
        "title": "No. {run}",
        "description": "{server}: {time}",
        "color": "red",
    }
    preview = await world.draft(world.admin, "send_embed_announcement", values, "every monday at 18:00")
    text = text_of(preview.response)
    assert "### No. 1" in text and "Moonbase: 18:00" in text and "Message" not in text
    embed: Any = preview.response.components[-1]  # type: ignore[union-attr]
    assert embed["type"] == 17 and embed["accent_color"] == 0xE74C3C


async def test_an_unknown_variable_of_a_composed_post_is_told_once(world: World) -> None:
    preview = await world.draft(
        world.admin, "send_post", {"channel_ids": [world.channel], "text": "It is {tiem}"}, "in 2 hours"
    )
    assert text_of(preview.response).count("There is no variable {tiem}") == 1


async def test_a_job_is_found_by_its_title_and_otherwise_titles_are_offered(world: World) -> None:
    refused = await world.admin.slash(world.channel, "schedule create", job="post")
    assert "“Post something”" in said(refused) and "send_" not in said(refused)
    refused = await world.admin.slash(world.channel, "schedule create", job="dance")
    assert "“Post something”" in said(refused) and "_" not in said(refused)
    found = await world.admin.slash(world.channel, "schedule create", job="post something")
    assert found.modal is not None


async def test_an_unknown_variable_is_refused_when_saving(world: World) -> None:
    preview = await world.draft(
        world.admin, "send_announcement", hello(world, message="It is {tiem}"), "in 2 hours"
    )
    assert text_of(preview.response).count("There is no variable {tiem}. Did you mean {time}?") == 1
    assert "Confirm" not in labels(preview.response)


async def test_without_a_job_one_chooses_and_fills_line_by_line(world: World) -> None:
    shown = await world.admin.slash(world.channel, "schedule create")
    assert "What should I schedule?" in said(shown)
    await pick(world.admin, shown.response, ".events", ["create_event"])
    text = text_of(shown.response)
    assert "**Still missing:** Title" in text and "When" in text
    await world.admin.submit_modal(
        await press(world.admin, shown.response, ".what"), {"p:title": "Bit by bit", "p:starts_in": "2 days"}
    )
    await world.admin.submit_modal(
        await press(world.admin, shown.response, ".when"),
        {"when": "every day at 9", "o:#missed": ["skip"], "o:#overlap": ["wait"]},
    )
    await world.admin.submit_modal(
        await press(world.admin, shown.response, ".options"),
        {"o:#name": "Daily bit", "o:#alert": ["off"], "o:#ping": "https://ping.example/1",
         "o:#managers": [world.guild.roles["Moderators"]]},
    )  # fmt: skip
    await world.admin.click(shown.response, label="Change")  # type: ignore[arg-type]
    await pick(world.admin, shown.response, ".posts", ["create_thread"])
    text = text_of(shown.response)
    assert "Bit by bit" in text and f"<#{world.channel.id}>" in text, "what both jobs have is kept"
    await world.admin.click(shown.response, label="Confirm")  # type: ignore[arg-type]
    assert "Scheduled: Daily bit" in text_of(shown.response)
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    assert (job.missed, job.overlap, job.meta["alert"]) == ("skip", "wait", "off")
    assert len(job.meta["managers"]) == 1 and job.params["ping_url"] == "https://ping.example/1"


@pytest.mark.long
async def test_an_end_is_put_to_the_schedule(world: World) -> None:
    preview = await world.draft(world.admin, "send_announcement", hello(world), "every monday at 9")
    form = await press(world.admin, preview.response, ".when")
    await world.admin.submit_modal(form, {"when": "every monday at 9", "o:#end": "31 december 2099"})
    assert "every Monday at 09:00, until 31 December 2099" in text_of(preview.response)
    form = await press(world.admin, preview.response, ".when")
    assert form.modal is not None and form.modal["components"][1]["component"]["value"] == "31 december 2099"
    await world.admin.submit_modal(form, {"when": "every monday at 9", "o:#end": "the end of time"})
    assert "“the end of time” isn't a valid last day" in text_of(preview.response)
    form = await press(world.admin, preview.response, ".when")
    await world.admin.submit_modal(form, {"when": "tomorrow at 9", "o:#end": "31 december 2099"})
    assert "It runs only once" in text_of(preview.response)


async def test_drafts_are_kept_and_come_back(world: World) -> None:
    preview = await world.draft(
        world.admin, "send_announcement", hello(world, message="Unfinished"), "on blursday"
    )
    await world.admin.click(preview.response, label="Save for later")  # type: ignore[arg-type]
    assert "/schedule drafts" in text_of(preview.response)
    assert "You have no drafts here" in said(await world.moderator.slash(world.channel, "schedule drafts"))
    shown = await world.admin.slash(world.channel, "schedule drafts")
    assert "**Unfinished**" in said(shown)
    (draft,) = await world.bot.memory.drafts_of(world.admin.id, world.guild.id, 5)
    await pick(world.admin, shown.response, "drafts:open", [draft.id])
    assert "on blursday" in text_of(shown.response) and "> Unfinished" in text_of(shown.response)


async def test_numbers_are_checked_where_they_are_typed(world: World) -> None:
    values = {"channel_id": [world.channel], "limit": "many", "age_days": "1,5"}
    preview = await world.draft(world.admin, "cleanup_messages", values, "tomorrow at 9")
    text = text_of(preview.response)
    assert "**Limit:** must be a whole number such as 10" in text
    assert "**Age days:** must" not in text


@pytest.mark.long
@pytest.mark.parametrize(
    ("typed", "seconds"), [("30", 30), ("30 seconds", 30), ("1 hour", 3600), ("2 Minuten", 120), ("0", 0)]
)
async def test_seconds_take_a_length_of_time(world: World, typed: str, seconds: int) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    values = {"channel_id": [world.channel], "seconds": typed}
    job_id = await world.create(world.admin, "set_slowmode", values, "tomorrow at 9")
    job = await world.bot.services.client.job(job_id, str(world.guild.id))
    assert job.params["seconds"] == seconds


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("1.5 s", "such as 5 minutes, not “1.5 s”"),
        ("soon", "such as 5 minutes, not “soon”"),
        ("7 hours", "must be 21600 or less, not 25200"),
        ("-1", "must be 0 or more, not -1"),
    ],
)
async def test_seconds_that_are_none_are_refused(world: World, typed: str, refusal: str) -> None:
    values = {"channel_id": [world.channel], "seconds": typed}
    preview = await world.draft(world.admin, "set_slowmode", values, "tomorrow at 9")
    assert refusal in text_of(preview.response)


async def test_discarding_schedules_nothing(world: World) -> None:
    preview = await world.draft(world.admin, "send_announcement", hello(world), "in 2 hours")
    await world.admin.click(preview.response, label="Discard")  # type: ignore[arg-type]
    assert "Nothing was scheduled" in text_of(preview.response)
    assert "Nothing is scheduled here yet" in said(await world.admin.slash(world.channel, "schedule list"))


async def test_a_second_click_does_not_schedule_twice(world: World) -> None:
    preview = await world.draft(world.admin, "send_announcement", hello(world), "in 2 hours")
    draft_id = button_target(preview.response, "Confirm")
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert await world.bot.memory.draft(draft_id) is None
    jobs = await world.bot.services.client.jobs(str(world.guild.id))
    assert len(jobs.jobs) == 1


async def test_a_method_that_is_not_loaded_is_named(world: World) -> None:
    text = said(await world.admin.slash(world.channel, "schedule create", job="make **coffee**"))
    assert "There is no kind of job called “make" in text and "“Give people a role”" in text


@pytest.mark.long
async def test_a_server_that_is_gone_loses_no_draft(world: World) -> None:
    preview = await world.draft(world.admin, "send_announcement", hello(world), "in 2 hours")
    assert world.bot.server is not None
    await world.bot.server.stop()
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    text = text_of(preview.response)
    assert "Not saved" in text and "can't be reached" in text
    assert "> Hello" in text and "Confirm" in labels(preview.response)


async def test_a_draft_belongs_to_who_wrote_it(world: World) -> None:
    preview = await world.draft(world.admin, "send_announcement", hello(world), "in 2 hours")
    draft_id = button_target(preview.response, "Confirm")
    draft = await world.bot.memory.draft(draft_id)
    assert draft is not None and draft.user_id == str(world.admin.id)
    # Somebody else who learned the custom id, on a message that everybody sees.
    panel = discord.ui.LayoutView(timeout=None)
    from cogs.desk.kit.components import DeskButton

    row: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
    row.add_item(DeskButton("draft", "confirm", draft_id, "Confirm"))
    panel.add_item(row)
    channel: Any = world.bot.get_channel(world.channel.id)
    stolen = await channel.send(view=panel)
    result = await world.moderator.click(stolen, label="Confirm")
    assert "belongs to someone else" in said(result)
    assert await world.bot.memory.draft(draft_id) is not None


async def test_when_completes_with_its_own_understanding(world: World) -> None:
    for command, options in (("create", {"job": "send_announcement"}), ("edit", {"job": "x"})):
        choices = await world.admin.autocomplete(
            world.channel, f"schedule {command}", "when", "every other fri", **options
        )
        assert choices[0]["name"].startswith("every other Friday at 09:00, starting")
        assert choices[0]["value"] == "every other fri"


async def test_a_date_picked_in_the_client(world: World) -> None:
    shown = await world.admin.slash(
        world.channel, "schedule create", job="send_announcement", at="<t:4000000000:F>"
    )
    assert shown.modal is not None
    assert shown.modal["components"][-1]["component"]["value"] == "<t:4000000000>"


@pytest.mark.long
async def test_the_preview_warns_of_what_one_might_not_expect(world: World) -> None:
    for when, part in {
        "on the 31st of every month": "Months without a day 31 are skipped",
        "every 30 seconds": "more often than once a minute",
        "1 january 2090": "more than two years away",
    }.items():
        preview = await world.draft(world.admin, "send_announcement", hello(world), when)
        assert part in text_of(preview.response), when
        assert "Confirm" in labels(preview.response)


async def test_a_schedule_of_our_own_kind_goes_all_the_way(world: World) -> None:
    when = "every other friday at 5pm until 1 january 2099 except on 25 dec 2026"
    preview = await world.draft(world.admin, "send_announcement", hello(world), when)
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    text = text_of(preview.response)
    assert "Scheduled: Hello" in text
    assert "every other Friday at 17:00, starting" in text and "except on 25 December 2026" in text


async def test_a_zone_in_the_text_is_kept_with_the_job(world: World) -> None:
    preview = await world.draft(world.admin, "send_announcement", hello(world), "every day at 9 Asia/Tokyo")
    assert "every day at 09:00 (Asia/Tokyo)" in text_of(preview.response)
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    assert job.timezone == "Asia/Tokyo" and job.next_run_at is not None and job.next_run_at.hour == 0


async def test_several_texts_take_turns(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "First {run}\n---\nSecond {run}"}
    preview = await world.draft(world.admin, "send_announcement", values, "every monday at 9")
    assert "the next of 2 texts" in text_of(preview.response)
    assert text_of(preview.response).endswith("First 1")
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "Scheduled: First" in text_of(preview.response)
