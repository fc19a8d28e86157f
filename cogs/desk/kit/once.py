"""Do what a panel asks for once, however often its button is tapped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cogs.desk.kit.context import Desk
from cogs.language import t
from cogs.services import Refused


@contextmanager
def once(desk: Desk, panel_id: str, *, undoing: bool = False) -> Iterator[None]:
    """Raise Refused while another click on a panel is being carried out.

    Read the panel's state within, and save there what was done: a later click finds that. One process
    answers all interactions of a guild. What is cut short by a restart can be repeated with the same button.

    Parameters:
        desk: who clicked.
        panel_id: the panel.
        undoing: whether the click undoes something, for what is said.
    """
    with desk.services.double_taps.alone((desk.guild.id, panel_id)) as alone:
        if not alone:
            raise Refused(t("This has already been undone.") if undoing else t("This has already been done."))
        yield
