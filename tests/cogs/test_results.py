"""What a run came to is told on its card, in the history and after *Run now*, in the reader's language."""

from __future__ import annotations

import discord
import pytest

from cogs.desk.kit.wording import result, title_of
from cogs.language import speaking, translated
from schedulezero import instants
from schedulezero.methods.permission_names import permission_words
from schedulezero.model import Run, RunState
from schedulezero.sentences import Sentence, present_fields
from tests.conftest import until
from tests.support.for_a_while import endings
from tests.support.for_a_while import result as run_now
from tests.support.languages import everybody_is
from tests.support.text import text_of
from tests.support.world import World, said


def a_run(**values: object) -> Run:
    return Run("job", "bot", "method", {}, instants.now(), RunState.SUCCEEDED, result=values)


async def test_a_locks_result_is_shown_on_the_card_and_in_the_history(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody_is(monkeypatch, "de")
    role = world.guild.create_role("Watch", permissions=discord.Permissions(manage_messages=True))
    params = {"channel_id": str(world.channel.id), "lasts": "8 hours"}
    job = await world.schedule("lockdown_channel", params, "in 2 hours")
    await run_now(world, job)
    card = said(await world.admin.slash(world.channel, "schedule show", job=job.id))
    assert "**Ergebnis:** \\#general ist bis <t:" in card, card
    assert f"diese Moderatoren schreiben: <@&{role.id}>" in card, card
    history = said(await world.admin.slash(world.channel, "schedule history", job=job.id))
    assert "#general ist bis <t:" in history, history
    (ending,) = await endings(world, "unlock_channel")
    with speaking("de"):
        assert title_of(ending) == "#general entsperren"
    assert ending.name == "Unlock #general"
    listed = said(await world.admin.slash(world.channel, "schedule list"))
    assert " entsperren" in listed, listed


async def test_running_a_job_now_shows_what_it_came_to(world: World) -> None:
    job = await world.schedule(
        "set_slowmode", {"channel_id": str(world.channel.id), "seconds": "30"}, "in 2 hours"
    )
    shown = await world.admin.slash(world.channel, "schedule show", job=job.id)
    assert shown.response is not None
    await world.admin.click(shown.response, label="Run now")
    await until(lambda: "30 s between messages." in text_of(shown.response))


def test_somebody_elses_result_is_shown_as_text() -> None:
    told = result(a_run(message="**Done** <#123456789012345678> @everyone\n# big"))
    assert told is not None and "\\*\\*Done" in told and "@everyone" not in told and "\n" not in told
    assert result(a_run(message=["a", "list"])) == '\\["a", "list"\\]'
    assert result(a_run(done=3)) is None and result(a_run(message=" ")) is None


def test_an_instant_is_shown_in_the_readers_zone() -> None:
    until_then = Sentence("Until {until}.", "lasts_until", until="2027-01-01T07:00:00Z")
    with speaking("de"):
        assert result(a_run(**present_fields("message", until_then))) == "Bis <t:1798786800:F>."
    assert result(a_run(message="Locked (2027-01-01T07:00:00Z).")) == "Locked (<t:1798786800:F>)."
    assert result(a_run(message="See v2027-01-01T07:00:00Z")) == "See v2027-01-01T07:00:00Z"


def test_permissions_have_the_names_of_each_readers_discord() -> None:
    with speaking("de"):
        assert translated(permission_words("manage_roles")) == "Rollen verwalten"
    with speaking("fr"):
        assert translated(permission_words("manage_roles")) == "Gérer les rôles"
    assert permission_words("use_soundboard") == "Use Soundboard"
