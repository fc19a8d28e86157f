"""Column types that every table of ours uses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from schedulezero.instants import from_microseconds, to_microseconds


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime as whole microseconds: exact and ordered in every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return to_microseconds(value) if value is not None else None

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        return from_microseconds(value) if value is not None else None
