"""What a job tells about its run: a sentence that the card and the history show in each reader's language."""

from __future__ import annotations

from typing import Any

from schedulezero.sentences import present_fields


def success(said: str, **more: Any) -> dict[str, Any]:
    """Return the result of a run that succeeded.

    Parameters:
        said: What it came to; a `Sentence` is translated if the catalogues know its code. An instant among
            its values, in ISO 8601 with a ``Z``, is shown in each reader's own time zone.
        more: What programs should know, such as ids.
    """
    return {"success": True, **more, **present_fields("message", said)}
