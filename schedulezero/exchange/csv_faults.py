"""Says why a line of a table can't be read: the errors of Python's csv have no codes, and are English."""

from __future__ import annotations

import csv

from schedulezero.sentences import Sentence

# Read as: a part of what csv says, and what people read.
_FAULTS = (
    (
        "unexpected end of data",
        Sentence("A quotation mark that begins in this line isn't closed.", "line_quote_open"),
    ),
    (
        "expected after",
        Sentence(
            "On this line, a closing quotation mark is followed by text. Write quotation marks within a "
            "cell twice.",
            "line_quote_within",
        ),
    ),
    ("field larger than", Sentence("A cell is too long.", "table_cell_too_long")),
)


def fault_in_line(error: csv.Error) -> Sentence:
    """Return why a line can't be read."""
    said = str(error)
    return next(
        (fault for part, fault in _FAULTS if part in said),
        Sentence("This line can't be read.", "line_unreadable"),
    )
