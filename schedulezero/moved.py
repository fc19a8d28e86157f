"""Old import paths that live on for one release, with a warning."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any


def warn_moved(old: str, new: str) -> None:
    """Says that a module has moved; called at the import of its old path.

    Parameters:
        old: the path that was imported.
        new: where the same names are now.
    """
    text = f"{old} has moved to {new}; the old path goes with the next release."
    warnings.warn(text, DeprecationWarning, stacklevel=3)


def names_of(package: str, module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package that was a module: it has the module's names, with a warning.

    Parameters:
        package: the package, by the name that the module had.
        module: where the names are now; imported when the first of them is asked for.
    """

    def get(name: str) -> Any:
        moved = importlib.import_module(module)
        if name.startswith("_") or not hasattr(moved, name):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        warn_moved(f"{package}.{name}", module)
        return getattr(moved, name)

    return get
