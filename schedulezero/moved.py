"""Old import paths that keep working for one release, with a warning."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any


def warn_moved(old: str, new: str) -> None:
    """Warn that a module has moved; called when its old path is imported.

    Parameters:
        old: the imported path.
        new: the new path of the same names.
    """
    text = f"{old} has moved to {new}; the old path goes with the next release."
    warnings.warn(text, DeprecationWarning, stacklevel=3)


def names_of(package: str, module: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package that was a module: it has the module's names, with a warning.

    Parameters:
        package: the package, which has the module's old name.
        module: the module that now has the names; imported when the first of them is used.
    """

    def get(name: str) -> Any:
        moved = importlib.import_module(module)
        if name.startswith("_") or not hasattr(moved, name):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        warn_moved(f"{package}.{name}", module)
        return getattr(moved, name)

    return get
