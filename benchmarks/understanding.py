"""What it costs to understand what people type, and how much of it is right: ours beside dateparser.

    python -m benchmarks understanding

The phrases are those of the tests' corpora, with their times. dateparser reads single moments only, so it is
compared on those in English. Processor time, as other processes may run on the machine.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from dateparser.date import DateDataParser

from benchmarks.figures import REPETITIONS, Figure, Row, shown
from schedulezero.errors import WhenError
from schedulezero.when.language.parse import understand, warm_up
from tests.schedulezero.when.test_costs import HOSTILE
from tests.support.corpora import BERLIN, CORPORA, NOW, phrases_of

LOCALES = {"en": "en-GB", "es": "es-ES", "pt": "pt-BR"}
MOST_SLOWER = 50
"""Milliseconds that any text may take: so long may the event loop be held."""
LENGTHS = (80, 200, 500)
_ONE_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
_MORNING = "09:00"


def rows() -> list[Row]:
    """The lines of the results."""
    warm_up()
    return [*beside_dateparser(), *by_length()]


# ---------------------------------------------------------------- single moments in English


def beside_dateparser() -> list[Row]:
    """Speed and share of right readings, on the same phrases."""
    moments = [item for item in phrases_of("en") if _ONE_MOMENT.fullmatch(item[1])]
    settings = {
        "RELATIVE_BASE": NOW.astimezone(BERLIN).replace(tzinfo=None),
        "PREFER_DATES_FROM": "future",
        "DATE_ORDER": "DMY",
    }
    parser = DateDataParser(languages=["en"], settings=settings)

    def theirs(text: str) -> datetime | None:
        found = parser.get_date_data(text).date_obj
        return found.astimezone(BERLIN) if found is not None and found.tzinfo is not None else found

    texts = [text for text, _ in moments]
    speeds = [_speed(read, texts) for read in (_ours, theirs)]
    right = [
        sum(_is_right(_ours(text), at) for text, at in moments),
        sum(_is_right(theirs(text), at, any_time=at.endswith(_MORNING)) for text, at in moments),
    ]
    faster = speeds[0].median / speeds[1].median
    size = len(moments)
    return [
        Row(
            f"understand {size} single moments in English", speeds[0].text("/s"),
            f"dateparser {speeds[1].text('/s')}", f"{faster:.1f}×", "≥ 1×", faster >= 1,
            "the tests' own corpus, which ours was made for; one parser for all phrases, with English alone",
        ),
        Row(
            "the same, read as the corpus says", f"{right[0] / size:.0%}",
            f"dateparser {right[1] / size:.0%}",
            f"{right[0] / max(right[1], 1):.1f}×", "100 %", right[0] == size,
            "where the corpus has 9:00, dateparser's time of day isn't compared, as the text may name none",
        ),
    ]  # fmt: skip


def _ours(text: str) -> datetime | None:
    try:
        found = understand(text, zone=BERLIN.key, locale="en-GB", now=NOW)
    except WhenError:
        return None
    at = found.schedule.next_after(NOW)
    return at.astimezone(BERLIN) if at is not None else None


def _is_right(found: datetime | None, wanted: str, *, any_time: bool = False) -> bool:
    if found is None:
        return False
    return f"{found:%Y-%m-%d}" == wanted[:10] if any_time else f"{found:%Y-%m-%d %H:%M}" == wanted


def _speed(read: Callable[[str], object], texts: Sequence[str]) -> Figure:
    """Texts read in a second."""
    figures: list[float] = []
    for _ in range(REPETITIONS):
        began = time.process_time()
        for text in texts:
            read(text)
        figures.append(len(texts) / (time.process_time() - began))
    return Figure(tuple(figures))


# ---------------------------------------------------------------- all languages, and hostile texts


def by_length() -> list[Row]:
    """What the slowest phrases and the worst texts cost, beside the median of all phrases."""
    texts = [
        (LOCALES.get(language, language), text) for language in CORPORA for text, _ in phrases_of(language)
    ]
    medians: list[float] = []
    slowest: list[float] = []
    for _ in range(REPETITIONS):
        costs = sorted(_cost(*item) for item in texts)
        medians.append(costs[len(costs) // 2])
        slowest.append(costs[int(len(costs) * 0.99)])
    hostile = [(locale, text[:length]) for locale, text in HOSTILE for length in LENGTHS]
    worst = [min(_cost(*item) for _ in range(REPETITIONS)) for item in hostile]
    median, p99 = Figure(tuple(medians)), Figure(tuple(slowest))
    baseline = f"their median {median.text(' ms')}"
    return [
        Row(
            f"understand {len(texts):,} phrases in {len(CORPORA)} languages, p99", p99.text(" ms"), baseline,
            f"{p99.median / median.median:.0f}×", "median ≤ 2 ms, p99 ≤ 15 ms",
            median.median <= 2 and p99.median <= 15,
        ),
        Row(
            f"refuse the worst of {len(hostile)} hostile texts", f"{shown(max(worst))} ms", baseline,
            f"{max(worst) / median.median:.0f}×", f"≤ {MOST_SLOWER} ms", max(worst) <= MOST_SLOWER,
            "of up to 500 characters, with what is wrong and what is near; the least of 3 repetitions each",
        ),
    ]  # fmt: skip


def _cost(locale: str, text: str) -> float:
    """Milliseconds of processor time that reading a text takes, refused or not."""
    began = time.process_time()
    with contextlib.suppress(WhenError):
        understand(text, zone=BERLIN.key, locale=locale, now=NOW)
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    for row in rows():
        print(row)
