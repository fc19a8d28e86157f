"""Named points in the code where a test can inject a fault: a kill, a full disk, a pause.

Nothing in the product sets `trouble_maker`; without one, a point costs one variable lookup. The names:

    clock.claim          due jobs have become runs, not yet committed
    clock.claimed        the runs are committed, nobody is notified yet
    dispatcher.call      a call is about to be sent
    dispatcher.answered  its answer has arrived, not yet recorded
    store.followed       what follows a run is saved with its outcome, not yet committed
    store.record         outcomes are written, not yet committed
    handler.begun        a call is in the journal, its function not yet called
    handler.done         its function has returned, result not yet in the journal
    handler.ended        its result is in the journal, not yet answered
    step.begun           a step is in the journal, not yet done
    step.done            the step is done, result not yet in the journal
    files.chunk          a part of a kept file is written, not yet committed
    files.kept           all of it is written, not yet committed
    files.forgotten      files that nobody needs are deleted, not yet committed
    posts.planned        posts about a calendar's events are planned, no job is saved or cancelled yet
    post.saved           the job of such a post is saved, not yet noted
    event.begun          one of Discord's events is about to be made
    event.made           it is made, its id not yet noted
"""

from __future__ import annotations

from collections.abc import Callable

trouble_maker: Callable[[str], None] | None = None
"""Called with the name of each point that is passed; it may raise, sleep or kill the process."""

POINTS = (
    "clock.claim",
    "clock.claimed",
    "dispatcher.call",
    "dispatcher.answered",
    "store.followed",
    "store.record",
    "handler.begun",
    "handler.done",
    "handler.ended",
    "step.begun",
    "step.done",
    "files.chunk",
    "files.kept",
    "files.forgotten",
    "posts.planned",
    "post.saved",
    "event.begun",
    "event.made",
)


def point(name: str) -> None:
    """Call the test's trouble maker, if there is one."""
    if trouble_maker is not None:
        trouble_maker(name)
