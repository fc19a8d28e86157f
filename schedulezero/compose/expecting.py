"""Refuse what is over one of Discord's limits, with a sentence that says the number. Pure."""

from __future__ import annotations

from schedulezero.compose.limits import Limit, Unit, part_called
from schedulezero.errors import JobFailed


def expect_within(limit: Limit, count: int, where: str | None = None) -> None:
    """Raise JobFailed if there is more, or less, than Discord takes.

    Parameters:
        limit: The limit.
        count: How much there is, in the limit's unit.
        where: What is meant, if it is more exact than the limit's own words, such as ``name of field 2``.
    """
    said = part_called(where or limit.of)
    if limit.least <= count <= limit.most:
        return
    if limit.unit is Unit.CHARACTERS and count > limit.most:
        raise JobFailed(
            "The {where} has {length} characters; Discord allows {most}.",
            retry=False,
            code="text_too_long",
            where=said,
            length=count,
            most=limit.most,
        )
    if limit.unit is Unit.CHARACTERS:
        raise JobFailed("The {where} is empty.", retry=False, code="text_empty", where=said)
    if limit.unit is Unit.BYTES:
        raise JobFailed(
            "The file “{name}” is {size} MB; this server allows up to {most} MB.",
            retry=False,
            code="post_file_too_large",
            name=said,
            size=in_megabytes(count, up=True),
            most=in_megabytes(limit.most),
        )
    if not limit.least:
        raise JobFailed(
            "Discord allows at most {most} {what}, not {count}.",
            retry=False,
            code="too_many_for_discord",
            what=said,
            count=count,
            most=limit.most,
        )
    raise JobFailed(
        "Discord allows {least} to {most} {what}, not {count}.",
        retry=False,
        code="count_not_taken",
        what=said,
        count=count,
        least=limit.least,
        most=limit.most,
    )


def in_megabytes(size: int, *, up: bool = False) -> str:
    """Return a size as people read it, with two digits at most after the point.

    Parameters:
        size: In bytes.
        up: Round up, so that a size just over a limit doesn't look like the limit.
    """
    hundredths = size * 100 / 1024 / 1024
    rounded = -int(-hundredths // 1) if up else int(hundredths)
    return f"{rounded / 100:g}"
