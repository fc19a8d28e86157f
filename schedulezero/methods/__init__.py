"""What a job declares: its parameters, their values and texts, and the permissions it needs.

The names of `schedulezero.methods.spec` can be imported from here until the next release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schedulezero.moved import names_of

if TYPE_CHECKING:
    from schedulezero.methods.spec import META_KEY as META_KEY
    from schedulezero.methods.spec import SPEC_ATTRIBUTE as SPEC_ATTRIBUTE
    from schedulezero.methods.spec import JobFunction as JobFunction
    from schedulezero.methods.spec import MethodSpec as MethodSpec
    from schedulezero.methods.spec import Need as Need
    from schedulezero.methods.spec import Tell as Tell
    from schedulezero.methods.spec import best_matches as best_matches
    from schedulezero.methods.spec import in_channel as in_channel
    from schedulezero.methods.spec import is_resumable as is_resumable
    from schedulezero.methods.spec import needs as needs
    from schedulezero.methods.spec import resumable as resumable
    from schedulezero.methods.spec import spec_of as spec_of
    from schedulezero.methods.spec import summary_of as summary_of
    from schedulezero.methods.spec import variables_in as variables_in

__all__ = (
    "META_KEY", "SPEC_ATTRIBUTE", "JobFunction", "MethodSpec", "Need", "Tell", "best_matches", "in_channel",
    "is_resumable", "needs", "resumable", "spec_of", "summary_of", "variables_in",
)  # fmt: skip

__getattr__ = names_of(__name__, "schedulezero.methods.spec")
