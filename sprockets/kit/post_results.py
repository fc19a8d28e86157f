"""What a run of the one kind of post tells: where it posted, where not, and what failed afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schedulezero.errors import JobFailed
from schedulezero.sentences import Sentence, all_in_a_row, present_fields, read_sentence
from sprockets.kit.afterwards import FAILED
from sprockets.kit.results import success
from sprockets.kit.several import CHANNELS, partly

_MOST_SAID = 5
_SKIPPED = "skipped"


def skipped(channel_id: int, why: Sentence) -> dict[str, Any]:
    """Return the result in a channel where a condition isn't met."""
    return {"channel_id": str(channel_id), _SKIPPED: True, **present_fields("error", why)}


def ended(channel_ids: Sequence[int], results: Sequence[dict[str, Any] | JobFailed]) -> dict[str, Any]:
    """Return the result of a run that posted in several channels, or in one. Raises JobFailed if all failed.

    Parameters:
        channel_ids: The channels.
        results: What came of each: a post's result, `skipped`, or a failure.
    """
    done = [item for item in results if not isinstance(item, JobFailed) and _SKIPPED not in item]
    left_out = [item for item in results if not isinstance(item, JobFailed) and _SKIPPED in item]
    failed = [
        {"channel_id": str(channel_id), "error": item.message}
        for channel_id, item in zip(channel_ids, results, strict=True)
        if isinstance(item, JobFailed)
    ]
    said = list(dict.fromkeys(_said(left_out, done)))[:_MOST_SAID]
    if len(results) == 1 and isinstance(results[0], JobFailed):
        raise results[0]
    if not done and not failed:
        return success(all_in_a_row(*said), skipped=left_out)
    if len(results) == 1:
        if not said:
            return {"success": True, **done[0]}
        there = Sentence("The post went out.", "post_is_there")
        return success(all_in_a_row(there, *said), **done[0], partial=True)
    result = partly(done, failed, CHANNELS, of=len(results))
    more: dict[str, Any] = {"skipped": left_out} if left_out else {}
    if any(FAILED in item for item in done):
        more["partial"] = True
    told = present_fields("message", all_in_a_row(read_sentence(result, "message"), *said))
    return {**result, **more, **told}


def _said(left_out: Sequence[dict[str, Any]], done: Sequence[dict[str, Any]]) -> list[Sentence]:
    """Return why nothing was posted in some channels, and what failed after the posts in others."""
    parts = [*left_out, *(part for item in done for part in item.get(FAILED, ()))]
    return [said for part in parts if (said := read_sentence(part, "error")) is not None]
