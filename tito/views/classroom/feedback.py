"""A student's feedback: the checklist, what went wrong, and a hint, as Markdown and as HTML.

What a student's code printed is shown as it is and can do nothing: no markup, no control or bidi
character, no script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from tito.core.classroom.gradebook import Entry, Gradebook, late_text, points_text
from tito.core.classroom.points import Mark, State, rounded
from tito.core.console import visible
from tito.core.words import counted
from tito.views.classroom.page import escaped, page

SIGNS = {State.PASSED: "✓", State.FAILED: "✗", State.BLANK: "○"}
WORDS = {
    State.BLANK: "still blank",
    State.NOT_REACHED: "not reached",
    State.NOT_RUN: "not run: its modules do not pass yet",
    State.MISSING: "not handed in",
    State.COULD_NOT_RUN: "could not be judged; this is not your fault",
}
MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>~&-])")
MILESTONES = "Milestones"


def feedback_markdown(entry: Entry, book: Gradebook) -> str:
    """The page as Markdown."""
    lines = [f"# {plain(book.assignment.title)}", ""]
    lines += [f"{plain(text)}  " for text in summary(entry, book)]
    for title, marks in sections(entry):
        lines += ["", f"## {plain(title)}", ""]
        for mark in marks:
            lines += _markdown_lines(mark, hidden=book.assignment.hidden)
    return "\n".join(lines) + "\n"


def feedback_html(entry: Entry, book: Gradebook) -> str:
    """The page as one HTML file that loads nothing."""
    body = [f"<h1>{escaped(book.assignment.title)}</h1>"]
    body += [f"<p>{escaped(text)}</p>" for text in summary(entry, book)]
    for title, marks in sections(entry):
        body.append(f"<h2>{escaped(title)}</h2><ul>")
        body += [_html_item(mark, hidden=book.assignment.hidden) for mark in marks]
        body.append("</ul>")
    return page(f"{book.assignment.title}: feedback", "\n".join(body))


def summary(entry: Entry, book: Gradebook) -> Iterator[str]:
    """The lines above the checklist."""
    if entry.raw is None and entry.score.so_far:
        so_far = f"{rounded(entry.score.so_far)} of {rounded(book.maximum)} points so far"
        yield f"{so_far}: a part could not be judged, and is judged again."
    else:
        yield f"{_first_upper(points_text(entry, book.maximum))}{_unit(entry)}"
    late = late_text(entry)
    if late:
        without = f" (without that: {rounded(entry.raw)})" if entry.share and entry.raw else ""
        yield f"Handed in {late}{without}."
    if entry.result.get("graded_at"):
        yield f"Graded {entry.result['graded_at']} with course {entry.result.get('course', '?')}."
    if entry.result.get("lent"):
        yield f"Not handed in, so the course's own was used: {', '.join(entry.result['lent'])}."
    if entry.reason and entry.details:
        yield f"The grader says: {entry.details}"


def _unit(entry: Entry) -> str:
    return " points." if entry.points is not None and not entry.reason else "."


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def sections(entry: Entry) -> Iterator[tuple[str, list[Mark]]]:
    """The marks by module, then the milestones. Nothing handed in: no checklist."""
    if not entry.is_handed_in:
        return
    for module, marks in groupby(entry.score.marks, key=lambda mark: mark.item.module):
        yield (f"Module {module}" if module else MILESTONES), list(marks)


def in_words(mark: Mark) -> str:
    if mark.state is State.PASSED:
        return "passed" if not mark.item.module else f"passed, {counted(mark.tests, 'test')}"
    if mark.state is State.FAILED:
        if not mark.item.module:
            return "not passed yet"
        return f"wrong: {mark.passed} of {counted(mark.tests, 'test')} pass"
    return WORDS[mark.state] if mark.state in WORDS else str(mark.state)


def points_of(mark: Mark) -> str:
    earned = "?" if mark.earned is None else rounded(mark.earned)
    return f"{earned} of {rounded(mark.item.points)}"


def details(mark: Mark, *, hidden: bool) -> tuple[str, str, str]:
    """Message, place and hint; empty for what passed, and while the checks are hidden."""
    if hidden or mark.state is State.PASSED:
        return "", "", ""
    return mark.message.strip(), mark.where, mark.hint.strip()


# ------------------------------------------------------------------------------ Markdown


def plain(text: str) -> str:
    """Text without any meaning in Markdown or HTML, on one line."""
    return MARKUP.sub(r"\\\1", " ".join(visible(text).split()))


def fenced(text: str) -> list[str]:
    """A block of code, with a fence longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"  {line}" for line in (f"{fence}text", *visible(text).split("\n"), fence)]


def _markdown_lines(mark: Mark, *, hidden: bool) -> list[str]:
    box = "x" if mark.state is State.PASSED else " "
    label = plain(mark.item.label)
    lines = [f"- [{box}] {label}: {in_words(mark)} ({points_of(mark)})"]
    message, where, hint = details(mark, hidden=hidden)
    if message:
        lines += ["", *fenced(message), ""]
    if where:
        lines.append(f"  in {plain(where)}")
    if hint:
        lines += ["", "  Hint:", "", *fenced(hint), ""]
    return lines


# ------------------------------------------------------------------------------ HTML


def _html_item(mark: Mark, *, hidden: bool) -> str:
    sign = SIGNS.get(mark.state, "·")
    head = (
        f'<span class="sign">{sign}</span> <b>{escaped(mark.item.label)}</b> '
        f'{escaped(in_words(mark))} <span class="points">{points_of(mark)}</span>'
    )
    message, where, hint = details(mark, hidden=hidden)
    parts = [head]
    if message:
        parts.append(f"<pre>{escaped(message)}</pre>")
    if where:
        parts.append(f"<p>in <code>{escaped(where)}</code></p>")
    if hint:
        parts.append(f"<details><summary>Hint</summary><pre>{escaped(hint)}</pre></details>")
    return f'<li class="{mark.state}">{"".join(parts)}</li>'
