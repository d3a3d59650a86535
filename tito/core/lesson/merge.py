"""Take a new release of a lesson over into a student's file.

`base` is the blank lesson that the student began with, `new` that of the new release. Answers stay
as they are, in their place. Given cells that only the course has changed are replaced; of one that
both have changed the student's stays, and the conflict is reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tito.core.lesson.lesson import Lesson
from tito.core.lesson.outline import SIGN, Chunk, Outline, outline
from tito.core.lesson.three_way import Region, merged_lines, regions


@dataclass(frozen=True)
class Conflict:
    """The course's new text for a place that the student has changed too, or answered.

    `line` is the 1-based line of the merged lesson.
    """

    line: int
    reason: str
    mine: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True)
class Merged:
    """The new text of a lesson, how many cells came from the course, and what did not fit."""

    text: str
    taken: int
    conflicts: tuple[Conflict, ...]


BOTH = "you and the course have both changed this"
REMOVED = "the course has removed this, and your answer is in it"
UNKNOWN = "this is not the course's text, and nobody noted which one you began with"
WHOLE = "the new release cannot be fitted into this lesson"


@dataclass(frozen=True)
class Piece:
    """A part of the merged lesson; a conflict if the course has other text for it."""

    lines: tuple[str, ...]
    taken: int = 0
    instead: tuple[str, ...] | None = None
    reason: str = BOTH


def merge(base: Lesson | None, new: Lesson, mine: Lesson) -> Merged:
    """Merge a lesson. LessonError if the student's markers are not in pairs.

    Without a base nothing tells who has changed what: equal cells are found, new ones are added,
    and everything else is a conflict.
    """
    new_outline, my_outline = outline(new), outline(mine)
    base_outline = _common(new_outline, my_outline) if base is None else outline(base)
    parts = (base_outline, new_outline, my_outline)
    for by_line in (True, False):
        pieces = list(_pieces(*parts, by_line=by_line))
        if base is None:
            pieces = [replace(piece, reason=UNKNOWN) for piece in pieces]
        found = _assembled(pieces, new_outline, my_outline)
        if _is_sound(found.text, mine, pieces, my_outline):
            return replace(found, text=found.text.rstrip("\n") + "\n") if found.taken else found
    return Merged(mine.text, 0, (Conflict(1, WHOLE, (), ()),))


def _common(new: Outline, mine: Outline) -> Outline:
    """The cells that are in both, in place of the release that the student began with."""
    theirs, ours = _key(new.chunks), _key(mine.chunks)
    same = [region.mine for region in regions(ours, theirs, ours) if region.same]
    return Outline(tuple(chunk for part in same for chunk in mine.chunks[part]), {})


def _pieces(base: Outline, new: Outline, mine: Outline, *, by_line: bool) -> Iterator[Piece]:
    offered = {name for chunk in new.chunks for name in chunk.answers}
    keys = (_key(base.chunks), _key(new.chunks), _key(mine.chunks))
    for region in regions(*keys):
        for was, theirs, ours in _cells(base.chunks, new.chunks, mine.chunks, region):
            piece = _piece(was, theirs, ours, by_line=by_line)
            if _loses_answer(ours, piece, offered, mine):
                piece = Piece(_text(ours), 0, _text(theirs), REMOVED)
            yield piece


Chunks = Sequence[Chunk]


def _cells(
    base: Chunks, new: Chunks, mine: Chunks, region: Region
) -> Iterator[tuple[Chunks, Chunks, Chunks]]:
    """One cell after the other where all three have as many, or else all of them at once."""
    was, theirs, ours = base[region.base], new[region.new], mine[region.mine]
    if len(was) == len(theirs) == len(ours):
        yield from (([a], [b], [c]) for a, b, c in zip(was, theirs, ours, strict=True))
    else:
        yield was, theirs, ours


def _piece(was: Chunks, theirs: Chunks, ours: Chunks, *, by_line: bool) -> Piece:
    old, new, mine = _key(was), _key(theirs), _key(ours)
    if new in (old, mine):
        return Piece(_text(ours))
    if mine == old:
        return Piece(_text(theirs), max(len(theirs), 1))
    merged = None
    if by_line and was:
        merged = merged_lines(_text(was), _text(theirs), _text(ours))
    if merged is None:
        return Piece(_text(ours), 0, _text(theirs))
    return Piece(tuple(merged), 1)


def _key(chunks: Chunks) -> list[tuple[str, ...]]:
    return [chunk.key for chunk in chunks]


def _text(chunks: Chunks) -> tuple[str, ...]:
    return tuple(line for chunk in chunks for line in chunk.lines)


def _loses_answer(ours: Chunks, piece: Piece, offered: set[str], mine: Outline) -> bool:
    """Whether an answer of these cells would be nowhere in the merged lesson."""
    return any(
        name not in piece.lines and name not in offered and mine.is_answered(name)
        for chunk in ours
        for name in chunk.answers
    )


def _assembled(pieces: Sequence[Piece], new: Outline, mine: Outline) -> Merged:
    lines: list[str] = []
    conflicts = []
    for piece in pieces:
        own = _filled(piece.lines, new, mine)
        if piece.instead is not None:
            given = tuple(_filled(piece.instead, new, Outline((), {})))
            at, reason = len(lines) + 1, piece.reason
            conflicts.append(Conflict(at, reason, tuple(own), given))
        lines += own
    taken = sum(piece.taken for piece in pieces)
    return Merged("\n".join(lines), taken, tuple(conflicts))


def _filled(lines: Sequence[str], new: Outline, mine: Outline) -> list[str]:
    """The lines with the student's answers in the places of theirs; a stub where there is none."""
    found: list[str] = []
    for line in lines:
        if SIGN not in line:
            found.append(line)
        elif mine.is_answered(line) or line not in new.answers:
            found += mine.answers.get(line, ())
        else:
            found += new.answers[line]
    return found


def _is_sound(text: str, mine: Lesson, pieces: Sequence[Piece], answers: Outline) -> bool:
    """Whether every answer is there, once, and valid Python has stayed valid."""
    count = Counter(line for piece in pieces for line in piece.lines if SIGN in line)
    once = all(number == 1 for number in count.values())
    kept = all(count[name] for name in answers.answers if answers.is_answered(name))
    return once and kept and (_is_python(text) or not _is_python(mine.text))


def _is_python(text: str) -> bool:
    try:
        return bool(Lesson(text, "").tree.body)
    except (SyntaxError, ValueError, RecursionError):
        return False
