"""Says which rules hold for runs that somebody starts by hand.

They count towards the limits of the owner and of the server, and don't keep to quiet hours and free days:
whoever clicks wants it now (docs/explanation/fairness.md).
"""

from __future__ import annotations

from cogs.desk.kit.context import Desk
from cogs.language import t
from schedulezero.client.dialect import Feature


async def rules_by_hand(desk: Desk) -> str:
    """Return small print for the answer to a click that starts runs; empty if the server has no rules."""
    if Feature.RULES in await desk.client.lacks():
        return ""
    said = t("Counts towards this server's limits. Quiet hours and days off don't apply.")
    return f"-# {said}"
