"""Three-way merge of two sequences that come from a third.

Where only one side has changed something, its version counts; where both have, it is a conflict.
The method is that of diff3 (Randy Smith, 1988; described by Khanna, Kunal and Pierce, 2007).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple


class Region(NamedTuple):
    """A range of each sequence; `same` if all three are equal there."""

    base: slice
    new: slice
    mine: slice
    same: bool


def regions(
    base: Sequence[Hashable], new: Sequence[Hashable], mine: Sequence[Hashable]
) -> Iterator[Region]:
    """Cut the three sequences into ranges that are equal in all, and those between them."""
    at = (0, 0, 0)
    for start, length in [*_equal(base, new, mine), ((len(base), len(new), len(mine)), 0)]:
        if at != start:
            yield _region(at, start, same=False)
        end = (start[0] + length, start[1] + length, start[2] + length)
        if length:
            yield _region(start, end, same=True)
        at = end


Place = tuple[int, int, int]  # an index of each sequence


def _region(start: Place, end: Place, *, same: bool) -> Region:
    base, new, mine = (slice(a, b) for a, b in zip(start, end, strict=True))
    return Region(base, new, mine, same)


def _equal(
    base: Sequence[Hashable], new: Sequence[Hashable], mine: Sequence[Hashable]
) -> Iterator[tuple[Place, int]]:
    in_new, in_mine = _partners(base, new), _partners(base, mine)
    at = 0
    while at < len(base):
        if at not in in_new or at not in in_mine:
            at += 1
            continue
        start, length = (at, in_new[at], in_mine[at]), 1
        while (
            in_new.get(at + length) == start[1] + length
            and in_mine.get(at + length) == start[2] + length
        ):
            length += 1
        yield start, length
        at += length


def _partners(base: Sequence[Hashable], other: Sequence[Hashable]) -> dict[int, int]:
    """By index of `base`, the index of the equal element of `other`."""
    blocks = SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return {a + i: b + i for a, b, size in blocks for i in range(size)}


def merged_lines(base: Sequence[str], new: Sequence[str], mine: Sequence[str]) -> list[str] | None:
    """The merged lines; None if both sides changed the same ones."""
    found: list[str] = []
    for region in regions(base, new, mine):
        was, theirs, ours = base[region.base], new[region.new], mine[region.mine]
        if region.same or theirs == was:
            found += ours
        elif ours in (was, theirs):
            found += theirs
        else:
            return None
    return found
