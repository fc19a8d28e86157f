"""Old import paths that live on for one release, with a warning."""

from __future__ import annotations

import warnings


def warn_moved(old: str, new: str) -> None:
    """Says that a module has moved; called at the import of its old path.

    Parameters:
        old: the path that was imported.
        new: where the same names are now.
    """
    text = f"{old} has moved to {new}; the old path goes with the next release."
    warnings.warn(text, DeprecationWarning, stacklevel=3)
