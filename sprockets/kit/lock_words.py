"""What a lock and an unlock tell about themselves, as sentences."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schedulezero.errors import JobFailed
from schedulezero.methods.permission_names import permission_words
from schedulezero.sentences import Sentence, all_in_a_row

_MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a lock came to.

    Attributes:
        said: in words.
        partial: whether somebody can still write who isn't a moderator, or a channel is still open.
    """

    said: Sentence
    partial: bool


def lock_outcome(
    what: str,
    until: str | None,
    done: Sequence[Mapping[str, Any]],
    failed: Sequence[tuple[str, JobFailed]],
    refused: Sequence[str],
    *,
    stays: bool = False,
) -> Outcome:
    """Return what a lock of one or several channels came to.

    Parameters:
        what: what was to be locked.
        until: when it ends, in ISO 8601; None if it doesn't.
        done: each locked channel: the fields of `sprockets.kit.locks.Locked`, and its name.
        failed: the name of each channel that failed, and why.
        refused: the names of the channels that were left out for lack of rights.
        stays: whether it was to end, but was locked without an end before.
    """
    trouble: list[Sentence] = []
    for item in done:
        if item["open_to"]:
            trouble.append(
                Sentence(
                    "#{channel}: {who} can still write.",
                    "lock_leaves_writing",
                    channel=item["name"],
                    who=item["open_to"][:_MOST_TOLD],
                )
            )
        if item["unable"]:
            trouble.append(
                Sentence(
                    "#{channel}: I can't take away permissions that I don't have myself: *{permissions}*.",
                    "lock_lacks_permissions",
                    channel=item["name"],
                    permissions=[permission_words(name) for name in item["unable"]],
                )
            )
    trouble += [
        Sentence("#{channel}: {error}", "failed_in_channel_named", channel=name, error=error.message)
        for name, error in failed
    ]
    if refused:
        trouble.append(
            Sentence(
                "Left out, because the job's creator or I lack permissions there: {channels}.",
                "lock_left_out",
                channels=[f"#{name}" for name in refused[:_MOST_TOLD]],
            )
        )
    total = len(done) + len(failed) + len(refused)
    writers = list(dict.fromkeys(mention for item in done for mention in item["moderators"]))
    said = all_in_a_row(
        _locked(what, until, partly=bool(trouble)),
        Sentence("As before, it stays locked until someone unlocks it.", "lock_stays_as_before")
        if stays
        else None,
        Sentence("Channels locked: {count} of {total}.", "lock_count", count=len(done), total=total)
        if total > 1
        else None,
        *trouble[:_MOST_TOLD],
        _connected([item["connected"] for item in done]),
        who_writes(writers, all(item["thread"] for item in done)),
    )
    return Outcome(said, bool(trouble))


def _locked(what: str, until: str | None, *, partly: bool) -> Sentence:
    if until is None:
        if partly:
            return Sentence("{what} is only partly locked.", "lock_partly", what=what)
        return Sentence("{what} is locked.", "lock_done", what=what)
    if partly:
        return Sentence(
            "{what} is locked until {until}, but only partly.", "lock_partly_until", what=what, until=until
        )
    return Sentence("{what} is locked until {until}.", "lock_done_until", what=what, until=until)


def _connected(counts: Sequence[int | None]) -> Sentence | None:
    if None in counts:
        return Sentence("Anyone already connected can keep talking.", "lock_connected_unknown")
    count = sum(item or 0 for item in counts)
    if not count:
        return None
    return Sentence("Still connected and able to talk: {count}.", "lock_connected", count=count)


def who_writes(moderators: Collection[str], thread: bool) -> Sentence:
    """Return who can write while a lock holds.

    Parameters:
        moderators: mentions of the moderators' roles that can.
        thread: whether what is locked is a thread.
    """
    if thread:
        return Sentence(
            "Apart from me, only members with *{permission}* can write there.",
            "lock_writers_in_thread",
            permission=permission_words("manage_threads"),
        )
    if not moderators:
        return Sentence("Apart from me, only administrators can write there.", "lock_writers_none")
    return Sentence(
        "Apart from me, only administrators and these moderators can write there: {roles}.",
        "lock_writers",
        roles=[*moderators][:_MOST_TOLD],
    )


def unlock_outcome(what: str, became: list[str], *, alone: bool, plain: bool, thread: bool) -> Sentence:
    """Return what an unlock came to.

    Parameters:
        what: what was to be unlocked.
        became: what `sprockets.kit.locks.unlock` made of each locked channel.
        alone: whether it is about a single channel.
        plain: whether a person scheduled it; otherwise it is the ending of a lock.
        thread: whether what was to be unlocked is a thread.
    """
    if not became:
        if not plain:
            return Sentence("{what} was already open.", "unlock_open_already", what=what)
        if thread:  # it has no permissions of its own
            return Sentence("{what} is open again. I hadn't locked it.", "unlock_cleared_thread", what=what)
        if alone:
            return Sentence(
                "{what} is open again. I hadn't locked it, so I only removed what kept "
                "@everyone from writing.",
                "unlock_cleared",
                what=what,
            )
        return Sentence("{what} wasn't locked by me.", "unlock_nothing_locked", what=what)
    if "open" not in became:
        if "locked" in became:
            return Sentence(
                "{what} stays locked, because another lock is still in place there.",
                "unlock_stays_locked",
                what=what,
            )
        return Sentence(
            "{what} was unlocked by hand in the meantime, so I left its permissions as they are.",
            "unlocked_by_hand",
            what=what,
        )
    if alone:
        return Sentence("{what} is open again.", "unlock_done", what=what)
    return all_in_a_row(
        Sentence(
            "{what} is open again. Channels unlocked: {count} of {total}.",
            "unlock_done_count",
            what=what,
            count=became.count("open"),
            total=len(became),
        ),
        Sentence(
            "Already unlocked by hand and left as is: {count}.",
            "unlock_lifted_count",
            count=became.count("lifted"),
        )
        if "lifted" in became
        else None,
    )
