"""Named points of the code where a test lets something go wrong: a kill, a full disk, a pause.

Nothing in the product sets `trouble_maker`; without one a point costs a look at a variable. The names:

    clock.claim          due jobs are turned into runs, not yet committed
    clock.claimed        they are committed, nobody was told yet
    dispatcher.call      a call is about to be sent
    dispatcher.answered  its answer is there, not yet recorded
    store.record         outcomes are written, not yet committed
    handler.begun        a call is noted in the journal, its function not yet called
    handler.done         its function has returned, not yet noted
    handler.ended        its result is noted, not yet answered
    step.begun           a step is noted in the journal, not yet done
    step.done            it is done, not yet noted
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
    "store.record",
    "handler.begun",
    "handler.done",
    "handler.ended",
    "step.begun",
    "step.done",
)


def point(name: str) -> None:
    """Lets a test's trouble maker do what it likes at this point."""
    if trouble_maker is not None:
        trouble_maker(name)
