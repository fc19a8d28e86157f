"""Discord's documented error codes: what each says to the person, and whether another attempt can help."""

from __future__ import annotations

from typing import Any

import pytest

from cogs.language import speaking, translated
from schedulezero.sentences import read_sentence
from sprockets.kit.discord_codes import AGAIN, FORBIDDEN, GONE, REASONS, UNREACHABLE, WAITS
from tests.support.world import World
from tests.texts import LANGUAGES

# The codes that our requests can meet
# (https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes).
# Read as: whether waiting or another attempt can mend it, and the codes.
_FINAL = """
10003 10004 10007 10008 10011 10013 10014 10062 10067 10070 10087 20009 20031 30003 30005 30007 30010 30013
30015 30031 30033 30038 30047 30058 30060 40001 40005 40007 40032 40033 40058 40060 40066 40067 50001 50003
50005 50006 50007 50008 50009 50013 50021 50024 50028 50033 50035 50045 50055 50068 50074 50083 50091 50101
50278 60003 90001 150006 160002 160004 160005 160006 160007 180000 180002 200000 200001 220001 240000 400001
520002 520003
"""
_WAITED_FOR = "20016 20022 20028 20029 30046 40003 40004 40006 40062 40333 130000"
_TRIED_AGAIN = "10015 50027 50034"


def codes(text: str) -> list[int]:
    return [int(item) for item in text.split()]


def refuse(world: World, code: int, status: int = 400, **more: Any) -> None:
    world.env.backend.faults.clear()
    path = "/channels/*/messages"
    world.env.inject_error("POST", path, status=status, code=code, message="In Discord's words", **more)


def test_each_code_has_a_reason_and_none_is_left_out() -> None:
    known = {*codes(_FINAL), *codes(_WAITED_FOR), *codes(_TRIED_AGAIN)}
    assert REASONS.keys() == known
    assert known >= GONE | FORBIDDEN | AGAIN | WAITS.keys() | UNREACHABLE


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_the_code_decides_what_is_said_and_whether_to_try_again(world: World, status: int) -> None:
    wrong: dict[int, Any] = {}
    for code in REASONS:
        refuse(world, code, status)
        params = {"channel_id": world.channel.id, "message": f"Hello {code}"}
        answer = await world.run("send_announcement", params)
        final = code in codes(_FINAL)
        waits = code in codes(_WAITED_FOR)
        reason = str(REASONS[code]).replace("{text}", "In Discord's words")
        as_wanted = (
            answer["error"] == f"I couldn't post in #general. {reason}"
            and answer.get("retry", True) is not final
            and (answer.get("retry_after") is not None) is waits
        )
        sentence = read_sentence(answer, "error")
        assert sentence is not None
        for language in LANGUAGES:
            with speaking(language):
                said = translated(sentence)
            as_wanted = as_wanted and reason not in said and "{" not in said
        if not as_wanted:
            wrong[code] = answer
    assert wrong == {}


async def test_an_unknown_code_is_said_in_discords_words(world: World) -> None:
    for status, retries in ((400, False), (403, False), (429, True), (502, True)):
        refuse(world, 99999, status)
        params = {"channel_id": world.channel.id, "message": f"Hello {status}"}
        answer = await world.run("send_announcement", params)
        assert "In Discord's words" in answer["error"] and answer.get("retry", True) is retries
        assert ("retry_after" in answer) is retries


async def test_a_person_with_closed_doors_is_not_confused_with_a_refused_text(world: World) -> None:
    params = {"user_id": world.plain.id, "message": "Hello"}
    refuse(world, 50007, 403)
    assert "don't accept them from me" in (await world.run("send_dm", params))["error"]
    refuse(world, 200000, 403)
    answer = await world.run("send_dm", {**params, "message": "Rude"})
    assert "AutoMod" in answer["error"] and "accept" not in answer["error"]
    refuse(world, 40003, 403)
    assert (await world.run("send_dm", {**params, "message": "Again"}))["retry_after"] == 60


async def test_a_role_that_is_gone_is_not_said_to_be_a_person_who_left(world: World) -> None:
    role = world.guild.create_role("Guests")
    await world.env.settle()
    for code, said in ((10011, "The role no longer exists"), (10007, "isn't in this server")):
        world.env.inject_error("PUT", "/guilds/*/roles/*", status=404, code=code, message="x")
        params = {"guild_id": world.guild.id, "user_ids": [world.plain.id], "role_id": role.id}
        answer = await world.run("add_role_scheduled", params)
        assert said in answer["error"] and answer["retry"] is False
