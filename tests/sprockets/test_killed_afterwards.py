"""Whatever follows a post happens once, wherever the process dies: before, between and after its steps."""

from __future__ import annotations

from typing import Any

import pytest

from schedulezero import faults, instants
from schedulezero.methods.note_kinds import DEBT
from tests.support.dying import Dying
from tests.support.posting_with import composing, posting
from tests.support.rules.applying import applied
from tests.support.rules.pins import Pins
from tests.support.rules.publishing import Publishing
from tests.support.rules.reacting import Reacting
from tests.support.world import World

WANTED: dict[str, Any] = {
    "publish": True,
    "pin": True,
    "replace": True,
    "delete_after": "2h",
    "reactions": "👍 🎉",
    "thread": "Talk",
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", ["step.begun", "step.done"])
async def test_nothing_is_lost_or_doubled(world: World, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await composing(world)
    news = world.guild.create_news_channel("news")
    await world.env.settle()
    world.invite()
    deaths, published = 0, Publishing(instants.now, most=99)
    for times in range(1, 20):
        run_id, dying = f"job@{times}", Dying(point, times)
        with applied(Pins(), Reacting(), published):
            monkeypatch.setattr(faults, "trouble_maker", dying)
            answer = await posting(world, run_id, channel=news, **WANTED)
            if dying.left == 0:
                deaths += 1
                assert answer["success"] is False
                answer = await posting(world, run_id, channel=news, **WANTED)
        assert answer["success"] is True and "failed_afterwards" not in answer, (times, answer)
        (message,) = world.posted(news)
        assert message.content == run_id and message.pinned
        assert published.asked[-1] == message.id
        assert [str(item.emoji) for item in message.reactions] == ["👍", "🎉"]
        assert answer["thread_id"] == str(message.id)
        (debt,) = (await world.bot.memory.notes(DEBT)).values()
        assert debt["about"] == f"post:{message.id}"
        if dying.left:
            break
    # Post, note, end, publishing, reactions, the thread, the pin; the one before is unpinned and deleted.
    assert deaths == 9
    made = [item.path for item in world.env.http_requests if item.method == "POST"]
    assert sum(path.endswith("/messages") for path in made) == deaths + 1
    assert sum(path.endswith("/threads") for path in made) == deaths + 1
