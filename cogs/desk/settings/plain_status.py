"""``/schedule status`` in an administrator's words: whether jobs run here, and nothing of how that is done.

The bot's owner sees addresses, names and reasons instead (`status`).
"""

from __future__ import annotations

import logging

from cogs.desk.kit.context import Desk
from cogs.health import Check, own_instance
from cogs.language import t, tn
from cogs.services import handler_of
from schedulezero.client.dialect import Feature
from schedulezero.errors import ClientError
from schedulezero.sentences import read_sentence

log = logging.getLogger(__name__)


async def plain_lines(desk: Desk) -> list[Check]:
    """Check whether jobs are kept and run."""
    subject, handler = t("Scheduling:"), handler_of(desk.bot)
    try:
        health = await desk.client.health()
        handlers, lacks = await desk.client.handlers(), await desk.client.lacks()
    except ClientError as error:
        log.info("the server's state cannot be shown: %s", error.message)
        return [Check(subject, False, _broken())]
    known = own_instance(handlers, handler.handler_id, handler.address)
    runs = known is not None and (known.connected or Feature.LIVENESS in lacks) and handler.registered
    if read_sentence(health, "trouble") or not runs:
        return [Check(subject, False, _broken())]
    return [Check(subject, True, t("working"))]


def _broken() -> str:
    return t("not working right now. The bot's owner can see why.")


def plain_kinds(methods: int) -> Check:
    """Check whether anything can be scheduled."""
    said = tn("{count} kind of job", "{count} kinds of job", methods)
    return Check(t("Available:"), methods > 0, said)
