"""The report of a first day: Markdown for a bug report, without secrets, ids and names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from bot.first_day.answers import Refusal, Window
from bot.first_day.assumption import Outcome, Verdict
from bot.first_day.place import MARK
from bot.logs import redact

_WEBHOOK = re.compile(r"(webhooks/)\d+/[\w-]+")
_TOKEN = re.compile(r"\b[\w-]{60,}\b")
_ID = re.compile(r"(?<!\d)\d{15,20}(?!\d)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SHORTEST_NAME = 3
_LONGEST = 400
_TITLES = {
    Verdict.DIFFERS: "Differs",
    Verdict.AS_ASSUMED: "As assumed",
    Verdict.NOT_TRIED: "Not tried",
}


def without_secrets(text: str, names: Iterable[str] = ()) -> str:
    """Return a text on one line without tokens, ids and the given names."""
    text = _CONTROL.sub(" ", redact(text))
    text = _TOKEN.sub("[hidden]", _WEBHOOK.sub(r"\1[hidden]", text))
    for name in sorted(names, key=len, reverse=True):
        if len(name) >= _SHORTEST_NAME:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[name]", text)
    return _ID.sub("[id]", text).strip()


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return how many assumptions had which outcome, in one line."""
    counts = {verdict: sum(item.verdict is verdict for item in outcomes) for verdict in Verdict}
    return ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items())


def line_of(outcome: Outcome, names: Iterable[str] = ()) -> str:
    """Return an outcome as a line for the terminal."""
    mark = {Verdict.AS_ASSUMED: "ok     ", Verdict.DIFFERS: "DIFFERS", Verdict.NOT_TRIED: "-      "}
    said = without_secrets(outcome.said, names)[:_LONGEST]
    return f"{mark[outcome.verdict]} {outcome.assumption.code}: {said}"


def report(
    outcomes: Sequence[Outcome],
    *,
    versions: Mapping[str, str],
    windows: Mapping[str, Window],
    refusals: Sequence[Refusal],
    left: Sequence[str],
    names: Iterable[str] = (),
) -> str:
    """Return the report in Markdown.

    Parameters:
        outcomes: Of all assumptions.
        versions: The name and version of each part.
        windows: Discord's limits by family of requests.
        refusals: The answers with status 429.
        left: What could not be deleted.
        names: Names of people and servers, to be left out.
    """
    names = tuple(names)

    def cell(text: str) -> str:
        text = without_secrets(text, names)
        text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        return text.replace("\\", "\\\\").replace("|", "\\|").replace("`", "'").replace("<", "\\<")

    lines = [
        "# First day on Discord",
        "",
        ", ".join(f"{name} {version}" for name, version in versions.items()),
        "",
        f"**{summary(outcomes)}**",
    ]
    for verdict, title in _TITLES.items():
        chosen = [item for item in outcomes if item.verdict is verdict]
        if not chosen:
            continue
        what = "Why" if verdict is Verdict.NOT_TRIED else "What came"
        lines += ["", f"## {title}", "", f"| Assumption | {what} | Matters for |", "|---|---|---|"]
        for item in chosen:
            about = item.assumption
            said = f"`{about.code}` {cell(about.says)} ([docs]({about.source}))"
            lines.append(f"| {said} | {cell(item.said)} | {cell(about.matters)} |")
    if windows:
        lines += ["", "## Rate limits", "", "| Requests | Limit | Remaining | Reset after (s) |"]
        lines += ["|---|---|---|---|"]
        for family, window in sorted(windows.items()):
            lines.append(f"| {family} | {window.limit} | {window.remaining} | {window.reset_after:g} |")
    if refusals:
        lines += ["", "Refused with status 429:", ""]
        lines += [
            f"- {item.family}: scope {cell(item.scope)}, wait {item.retry_after:g} s" for item in refusals
        ]
    lines += ["", "## Cleaning up", ""]
    if left:
        said = f"These could not be deleted; start again, or delete what begins with `{MARK}` by hand:"
        lines += [said, "", *(f"- {cell(item)}" for item in left)]
    else:
        lines.append("Nothing is left.")
    return "\n".join(lines) + "\n"
