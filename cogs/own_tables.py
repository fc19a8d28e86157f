"""Where the bot's own tables are declared together: those of `cogs.memory` and `cogs.kept_files`."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()
