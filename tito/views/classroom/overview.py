"""The teacher's overview of an assignment: one HTML page, and the parts as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tito.core.classroom.gradebook import Entry, Gradebook, points_text
from tito.core.classroom.points import State, rounded
from tito.core.classroom.statistics import (
    Hard,
    all_messages,
    arrival,
    distribution,
    middle,
    parts_of,
)
from tito.core.words import counted
from tito.views.classroom.page import bar, escaped, page
from tito.views.classroom.tables import as_csv, safe

STATES = (State.PASSED, State.FAILED, State.BLANK, State.NOT_REACHED, State.COULD_NOT_RUN)
HEADINGS = ("part", "title", "module", "points", "average_percent", *map(str, STATES))
MESSAGES = 15  # on the page; the most seen of every part are in the CSV


def overview_csv(book: Gradebook) -> str:
    """One line for each part, in the assignment's order."""
    headings = [*HEADINGS, "most_seen_message", "seen_by"]
    return as_csv(headings, (_part_row(part) for part in parts_of(book)))


def _part_row(part: Hard) -> list[str]:
    return [
        part.item.key,
        part.item.title,
        part.item.module,
        rounded(part.item.points),
        percent(part),
        *(str(_count(part, state)) for state in STATES),
        safe(part.seen.message) if part.seen else "",
        str(part.seen.students) if part.seen else "",
    ]


def _count(part: Hard, state: State) -> int:
    """A milestone whose modules do not pass is in the column of what was not reached."""
    extra = part.states[State.NOT_RUN] if state is State.NOT_REACHED else 0
    return part.states[state] + extra


def percent(part: Hard) -> str:
    return "" if part.share is None else rounded(part.share * 100, 0)


def overview_html(book: Gradebook) -> str:
    body = [
        f"<h1>{escaped(book.assignment.title)}</h1><p>{escaped(standing(book))}</p>",
        "<h2>Hardest parts first</h2>",
        _parts_table(sorted(parts_of(book), key=_by_share)),
        "<h2>Messages seen most</h2>",
        table(
            ("part", "message", "students"),
            (
                (seen.part, seen.message, str(seen.students))
                for seen in all_messages(book)[:MESSAGES]
            ),
        ),
        "<h2>Points</h2>",
        _bars(distribution(book)),
        "<h2>Handed in</h2>",
        _bars(arrival(book)),
        "<h2>Students</h2>",
        table(
            ("id", "name", "points", "days late"),
            (_student(entry, book) for entry in book.entries),
        ),
    ]
    return page(f"{book.assignment.title}: overview", "\n".join(body))


def standing(book: Gradebook) -> str:
    """`28 of 30 graded, 1 missing, 1 could not be judged; median 9.5 of 12 points`."""
    found = [f"{len(book.graded)} of {counted(len(book.entries), 'student')} graded"]
    for number, words in (
        (len(book.of_state(State.MISSING)), "handed nothing in"),
        (len(book.not_judged), "could not be judged"),
        (len(book.of_state(State.NOT_RUN)), "not graded yet"),
    ):
        if number:
            found.append(f"{number} {words}")
    half = middle(book)
    points = "" if half is None else f"; median {rounded(half)} of {rounded(book.maximum)} points"
    return ", ".join(found) + points


def _by_share(part: Hard) -> tuple[bool, float]:
    return part.share is None, float(part.share or 0)


def _parts_table(parts: Iterable[Hard]) -> str:
    head = "".join(f"<th>{escaped(str(s).replace('_', ' '))}</th>" for s in STATES)
    rows = "".join(
        f"<tr><td>{escaped(part.item.label)}</td><td>{bar(float(part.share or 0) * 100)}</td>"
        f'<td class="number">{percent(part)} %</td>'
        + "".join(f'<td class="number">{_count(part, state)}</td>' for state in STATES)
        + "</tr>"
        for part in parts
    )
    return f"<table><tr><th>part</th><th></th><th>points earned</th>{head}</tr>{rows}</table>"


def _bars(counts: Sequence[tuple[str, int]]) -> str:
    most = max((n for _, n in counts), default=0) or 1
    rows = "".join(
        f"<tr><td>{escaped(name)}</td><td>{bar(100 * n / most)}</td>"
        f'<td class="number">{n}</td></tr>'
        for name, n in counts
    )
    return f"<table>{rows}</table>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escaped(text)}</th>" for text in headings)
    body = "".join(
        "<tr>" + "".join(f"<td>{escaped(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _student(entry: Entry, book: Gradebook) -> tuple[str, str, str, str]:
    student = entry.student
    return student.id, student.name, points_text(entry, book.maximum), str(entry.days or "")
