"""Events are suggested while a person types, and the chosen one is filled in."""

from __future__ import annotations

from tests.support.text import text_of
from tests.support.world import World


async def test_an_event_is_chosen_by_its_name(world: World) -> None:
    asked = {"guild_id": str(world.guild.id), "title": "Games", "place": "Attic", "starts_in": "1h"}
    made = await world.run("create_event", asked)
    later = await world.run("create_event", {**asked, "title": "Game jam", "starts_in": "3h"})
    found = await world.admin.autocomplete(world.channel, "schedule create", "event", "gam")
    assert [item["value"] for item in found] == [made["event_id"], later["event_id"]]
    assert all(" · " in item["name"] for item in found)
    shown = await world.admin.slash(
        world.channel, "schedule create", job="remind_interested", event=made["event_id"]
    )
    assert shown.modal is not None
    filled = {"p:before": "1 hour", "p:event": made["event_id"], "p:direct": True, "when": "every 5 minutes"}
    preview = await world.admin.submit_modal(shown, filled)
    assert made["event_id"] in text_of(preview.response)
