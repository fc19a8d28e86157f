"""Zones: *9am EST*, *18:00 UTC*, *9:00 Europe/Berlin*, *9am Tokyo time*."""

from __future__ import annotations

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import OWN

RULES = Rules()
rule = RULES.rule


@rule("zone", "Zone_name", "in Zone_name", "bracket Zone_name bracket", "Zone_name time_word",
      "City time_word", "in City", "time_word City", "time_word Zone_name",
      "bracket City time_word? bracket")  # fmt: skip
def zone(names: tuple[str, ...]) -> tuple[str, ...]:
    """The zones that a name may mean."""
    return names


@rule("zone_of_time", "own_time")
def own_zone() -> tuple[str, ...]:
    """*3pm my time*."""
    return (OWN,)


@rule("zone_of_time", "Lone_city", cost=0.1)
def zone_of_a_time(names: tuple[str, ...]) -> tuple[str, ...]:
    """*20h de Brasília*, *9am London*: right behind a time, the name of a place is enough."""
    return names
