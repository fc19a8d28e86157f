"""Limit the calls after good runs, at once and over time, per guild and in total.

Pure: the caller passes the time. A guild that schedules many jobs can neither make the bot flood someone's
service nor use up the other guilds' share.
"""

from __future__ import annotations

from dataclasses import dataclass, field

AT_ONCE = 500
AT_ONCE_IN_A_GUILD = 20
"""Calls that wait for their turn or for a retry count as under way."""
A_SECOND = 20.0
A_SECOND_IN_A_GUILD = 1.0
BURST_SECONDS = 60.0
"""A burst may use up this many seconds' worth of calls."""
QUIET_SECONDS = 600.0
"""How long the log stays silent about a guild whose calls are dropped."""
_MOST_GUILDS = 10_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is dropped, and whether to log it: only the first one in a while."""

    reason: str
    first: bool


@dataclass(slots=True)
class _Account:
    """What one guild, or all guilds together, have left."""

    at_once: int
    rate: float
    tokens: float = field(init=False)
    updated_at: float
    under_way: int = 0

    def __post_init__(self) -> None:
        self.tokens = self.most

    @property
    def most(self) -> float:
        """The largest burst."""
        return self.rate * BURST_SECONDS

    def why_not(self, now: float) -> str | None:
        """Return why no further call may begin; None if one may."""
        self.tokens = min(self.most, self.tokens + (now - self.updated_at) * self.rate)
        self.updated_at = now
        if self.under_way >= self.at_once:
            return f"{self.at_once} are under way"
        if self.tokens < 1:
            return f"more than {self.rate:g} a second"
        return None

    @property
    def idle(self) -> bool:
        """Whether the account can be dropped without changing any decision."""
        return self.under_way == 0 and self.tokens >= self.most


class PingBudget:
    """Count the calls after good runs and refuse those above the limits."""

    def __init__(self) -> None:
        self._all = _Account(AT_ONCE, A_SECOND, 0.0)
        self._guilds: dict[str | None, _Account] = {}
        self._said_at: dict[str | None, float] = {}

    def begin(self, guild_id: str | None, now: float) -> Refusal | None:
        """Count a call that begins; return a Refusal if it may not.

        Parameters:
            guild_id: the guild of the job; None for jobs without a guild, which count as one guild.
            now: the time in seconds, from any start.
        """
        account = self._guilds.get(guild_id)
        if account is None:
            self._forget_idle(now)
            account = self._guilds[guild_id] = _Account(AT_ONCE_IN_A_GUILD, A_SECOND_IN_A_GUILD, now)
        if (why := account.why_not(now)) is not None:
            whose = f"guild {guild_id}" if guild_id is not None else "jobs of no guild"
            return self._refusal(guild_id, f"{why} for {whose}", now)
        if (why := self._all.why_not(now)) is not None:
            return self._refusal("all", f"{why} for all guilds", now)
        for counted in (account, self._all):
            counted.tokens -= 1
            counted.under_way += 1
        return None

    def end(self, guild_id: str | None) -> None:
        """Count a call that ended."""
        for counted in (self._guilds[guild_id], self._all):
            counted.under_way -= 1

    def _refusal(self, whose: str | None, reason: str, now: float) -> Refusal:
        said_at = self._said_at.get(whose)
        first = said_at is None or now - said_at >= QUIET_SECONDS
        if first:
            self._said_at = {key: at for key, at in self._said_at.items() if now - at < QUIET_SECONDS}
            self._said_at[whose] = now
        return Refusal(reason, first)

    def _forget_idle(self, now: float) -> None:
        """Once there are many accounts, drop those of guilds that have not called for a long time."""
        if len(self._guilds) >= _MOST_GUILDS:
            for account in self._guilds.values():
                account.why_not(now)
            self._guilds = {key: item for key, item in self._guilds.items() if not item.idle}
