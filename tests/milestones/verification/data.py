"""What the milestones learn from: NumPy arrays, drawn anew for each seed.

There is no framework and no required accuracy in here. The handwritten digits are a file
(`data/README.md`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

DIGITS = Path(__file__).parents[1] / "data" / "digits.npz"
DIGITS_SHA256 = "c617ab002d1db2a774d67b5c6be590452e9733b313d428108a58b78faffedc26"

NAMES = DIGITS.with_name("names.txt")
NAMES_SHA256 = "9b002412895a3ba16a1d2d7b46f5532bfc9a09e02f7303ef2966617192178e9d"
LONGEST_NAME = 10

ONE_PIXEL = ((0, 1), (0, -1), (1, 0), (-1, 0))  # (right, down)


class Examples(NamedTuple):
    """Inputs and targets; the first axis counts examples."""

    inputs: np.ndarray
    targets: np.ndarray

    def take(self, index: np.ndarray | slice) -> Examples:
        return Examples(self.inputs[index], self.targets[index])


def separable_points(rng: np.random.Generator, count: int, gap: float = 0.25) -> Examples:
    """Points in a square on both sides of a line, none within `gap` of it; targets are -1, 1."""
    normal = rng.normal(size=2)
    normal /= np.linalg.norm(normal)
    offset = rng.uniform(-0.2, 0.2)
    points = rng.uniform(-1, 1, (40 * count, 2))
    distance = points @ normal + offset
    sides = [np.flatnonzero(side * distance > gap)[: count // 2] for side in (-1, 1)]
    index = rng.permutation(np.concatenate(sides))
    return Examples(points[index].astype("f4"), np.sign(distance[index])[:, None].astype("f4"))


def xor_clouds(rng: np.random.Generator, per_corner: int, noise: float = 0.4) -> Examples:
    """Points around the corners (-1, 1) x (-1, 1); the target is 1 where the signs differ.

    No line does better than three corners of four: the noise is bounded, so any four points, one
    of each corner, are placed like the corners themselves, and each corner has as many points.
    """
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    centers = np.repeat(corners, per_corner, axis=0)
    points = centers + rng.uniform(-noise, noise, centers.shape)
    differ = centers[:, :1] != centers[:, 1:]
    return Examples(points.astype("f4"), differ.astype("f4"))


def bundled(path: Path, sha256: str) -> bytes:
    """A file of the course; OSError if it is not the one that was recorded."""
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise OSError(f"{path} is damaged (its hash is not the recorded one): copy it again")
    return raw


def digits() -> Examples:
    """All 1,797 images, (N, 8, 8), from 0 to 1, with their labels."""
    raw = bundled(DIGITS, DIGITS_SHA256)
    with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    return Examples(images.astype("f4") / 16, labels.astype("i8"))


def split(rng: np.random.Generator, examples: Examples, held_out: int) -> tuple[Examples, Examples]:
    """(for training, held out), at random."""
    order = rng.permutation(len(examples.targets))
    return examples.take(order[held_out:]), examples.take(order[:held_out])


def flat(examples: Examples) -> Examples:
    """Images as rows of pixels."""
    return Examples(examples.inputs.reshape(len(examples.inputs), -1), examples.targets)


def with_channel(examples: Examples) -> Examples:
    """(N, H, W) -> (N, 1, H, W)."""
    return Examples(examples.inputs[:, None], examples.targets)


def shifted(examples: Examples, right: int, down: int) -> Examples:
    """Every image shifted; zeros fill the gap, pixels outside the frame are lost."""
    images = examples.inputs  # with or without an axis of channels
    height, width = images.shape[-2:]
    moved = np.zeros_like(images)
    rows, columns = slice_pair(down, height), slice_pair(right, width)
    moved[..., rows[0], columns[0]] = images[..., rows[1], columns[1]]
    return Examples(moved, examples.targets)


def slice_pair(step: int, size: int) -> tuple[slice, slice]:
    """(where it goes, where it comes from) along one axis."""
    return slice(max(step, 0), size + min(step, 0)), slice(max(-step, 0), size + min(-step, 0))


def one_pixel_off(examples: Examples) -> Examples:
    """The images moved by one pixel in each of the four directions, one after the other."""
    copies = [shifted(examples, right, down) for right, down in ONE_PIXEL]
    return Examples(
        np.concatenate([copy.inputs for copy in copies]),
        np.concatenate([copy.targets for copy in copies]),
    )


def pixel_order(rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(64)


def scrambled(examples: Examples, order: np.ndarray) -> Examples:
    """The same pixels in another order, the same for all images: neighbors are separated."""
    pixels = examples.inputs.reshape(len(examples.inputs), -1)[:, order]
    return Examples(pixels.reshape(examples.inputs.shape), examples.targets)


def shuffled_labels(rng: np.random.Generator, examples: Examples) -> Examples:
    return Examples(examples.inputs, rng.permutation(examples.targets))


def sequences(
    rng: np.random.Generator, sizes: tuple[int, int], length: int, symbols: int
) -> tuple[np.ndarray, np.ndarray]:
    """(for training, held out): different sequences of symbols, none in both."""
    codes = rng.choice(symbols**length, size=sum(sizes), replace=False)
    drawn = codes[:, None] // symbols ** np.arange(length) % symbols
    return drawn[: sizes[0]], drawn[sizes[0] :]


def reversal(forward: np.ndarray, separator: int) -> Examples:
    """Inputs `3 1 4 | 4 1`; targets `4 1 3`, what comes next from the separator on."""
    backward = np.ascontiguousarray(forward[:, ::-1])
    middle = np.full((len(forward), 1), separator)
    return Examples(np.concatenate([forward, middle, backward[:, :-1]], axis=1), backward)


def key_in_noise(rng: np.random.Generator, count: int, length: int) -> Examples:
    """(N, T, 8): four channels for a key, in which one of four speaks once, and four of noise.

    The key comes in one of the first ten steps; the target is which of the four it was.
    """
    inputs = np.zeros((count, length, 8), "f4")
    inputs[:, :, 4:] = rng.normal(0, 0.3, (count, length, 4))
    keys = rng.integers(0, 4, count)
    inputs[np.arange(count), rng.integers(0, 10, count), keys] = 4
    return Examples(inputs, keys)


# -------------------------------------------------------------------------------- sums as text

SUM_LETTERS = "0123456789+="


class Sums(NamedTuple):
    """`47+85=` as tokens (N, 6), and the digits of the sum (N, 3), the last one first: `231`.

    So each digit needs the column it belongs to and the carry from the digit before it. `letters`
    has the letter of each token.
    """

    asked: np.ndarray
    answers: np.ndarray
    letters: np.ndarray

    def examples(self) -> Examples:
        """Inputs `47+85=23`; targets `231`, what comes next from the `=` on."""
        return Examples(np.concatenate([self.asked, self.answers[:, :-1]], axis=1), self.answers)

    def take(self, index: np.ndarray | slice) -> Sums:
        return Sums(self.asked[index], self.answers[index], self.letters)

    def text(self, answer: np.ndarray) -> str:
        """The first sum with this answer, as people write it: `47+85=132`."""
        said = "".join(self.letters[[*self.asked[0], *answer[::-1]]])
        asked, _, digits = said.partition("=")
        return f"{asked}={digits.lstrip('0') or '0'}"


def sums(rng: np.random.Generator, held_out: int, ids: Sequence[int]) -> tuple[Sums, Sums]:
    """(for training, held out): all 10,000 sums of two numbers from 0 to 99, none in both.

    `ids` has the token of each of SUM_LETTERS.
    """
    a, b = np.divmod(rng.permutation(10_000), 100)
    plus, equals = (np.full(10_000, SUM_LETTERS.index(sign)) for sign in "+=")
    asked = np.stack([a // 10, a % 10, plus, b // 10, b % 10, equals], axis=1)
    total, token = a + b, np.array(ids)
    answers = np.stack([total % 10, total // 10 % 10, total // 100], axis=1)
    both = Sums(token[asked], token[answers], np.array(list(SUM_LETTERS))[np.argsort(token)])
    return both.take(slice(held_out, None)), both.take(slice(held_out))


def shuffled_answers(rng: np.random.Generator, learn: Sums) -> Sums:
    return learn._replace(answers=rng.permutation(learn.answers))


# --------------------------------------------------------------------------------------- names

NAME_LETTERS = "\nabcdefghijklmnopqrstuvwxyz"  # the first begins and ends a name


def names() -> list[str]:
    """363 names of people in the King James Bible (`data/README.md`)."""
    return bundled(NAMES, NAMES_SHA256).decode("ascii").split()


def spelled_names(chosen: Sequence[str], ids: Sequence[int]) -> Examples:
    """Names as tokens: inputs begin with the first of NAME_LETTERS, targets end with it."""
    token = dict(zip(NAME_LETTERS, ids, strict=True))
    end = NAME_LETTERS[0]
    lines = [(end + name).ljust(LONGEST_NAME + 2, end) for name in chosen]
    rows = np.array([[token[letter] for letter in line] for line in lines])
    return Examples(rows[:, :-1], rows[:, 1:])
