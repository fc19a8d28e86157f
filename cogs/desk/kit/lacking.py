"""What the job server can't do: greyed out, or refused before anybody fills in a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cogs.command_mentions import with_mentions
from cogs.desk.kit.context import Desk
from cogs.desk.kit.soon import soon
from cogs.language import shown_locale, t, translated
from cogs.services import Refused
from schedulezero.client.dialect import Feature
from schedulezero.model import MissedPolicy, OverlapPolicy, Trigger
from schedulezero.when.language.nearest import refusal


async def lacks_of(desk: Desk) -> Mapping[Feature, str]:
    """Return what the server lacks; nothing if it doesn't say so soon."""
    return await soon(desk.client.lacks()) or {}


async def expect(desk: Desk, feature: Feature) -> None:
    """Raise Refused, in words, if the server lacks a feature."""
    lacks = await lacks_of(desk)
    if feature in lacks:
        raise Refused(translated(lacks[feature]))


def why(lacks: Mapping[Feature, str], *features: Feature) -> list[str]:
    """Return a small line for each of these features that the server lacks."""
    return [f"-# {translated(lacks[feature])}" for feature in features if feature in lacks]


def greyed_out(labels: Sequence[str]) -> str:
    """Return a small line that explains disabled buttons."""
    return "-# " + t("Not supported by the scheduler, so greyed out: {names}.", names=", ".join(labels))


def not_possible(
    lacks: Mapping[Feature, str],
    trigger: Trigger | None,
    zone: str,
    missed: MissedPolicy,
    overlap: OverlapPolicy,
    *,
    needs_approval: bool,
) -> list[str]:
    """List what the server can't do of a job, in the reader's language.

    Parameters:
        lacks: the features that the server lacks, each with a sentence.
        trigger, zone: the job's schedule; None if it isn't known.
        missed, overlap: the job's policies.
        needs_approval: whether a second person must approve it.
    """
    found: list[str] = []
    if trigger is not None and trigger.type == "calendar" and Feature.CALENDAR in lacks:
        found.append(translated(refusal(trigger, zone, shown_locale())))
    usual = missed is MissedPolicy.LATEST and overlap is OverlapPolicy.ALLOW
    if not usual and Feature.POLICIES in lacks:
        found.append(translated(lacks[Feature.POLICIES]))
    if needs_approval and Feature.APPROVAL in lacks:
        found.append(
            with_mentions(
                t(
                    "This job needs a second person's approval, but the scheduler can't make jobs wait "
                    "for it. You can switch approval off in `/schedule setup`."
                )
            )
        )
    return found
