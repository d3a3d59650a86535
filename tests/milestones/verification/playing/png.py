"""A PNG file as an array of gray values, by the standard library and NumPy.

After the specification: W3C, Portable Network Graphics (Second Edition), 2003. Interlaced files
are refused.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from verification.playing.answers import NotAQuestion

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of each color type; 3 has a palette
LARGEST = 4_000_000  # pixels
LUMA = np.array([0.299, 0.587, 0.114])  # of red, green and blue (ITU-R BT.601)


def read_png(raw: bytes) -> np.ndarray:
    """The image (H, W), from 0 (black) to 1 (white); transparent pixels are white paper."""
    if not raw.startswith(SIGNATURE):
        raise NotAQuestion("This is not a PNG file.")
    chunks = list(chunks_of(raw))
    head = dict(chunks).get(b"IHDR", b"")
    if len(head) != 13:
        raise NotAQuestion("This PNG file is damaged: it has no header.")
    width, height = (int.from_bytes(head[i : i + 4], "big") for i in (0, 4))
    depth, color, interlaced = head[8], head[9], head[12]
    if color not in CHANNELS or interlaced or not 0 < width * height <= LARGEST:
        raise NotAQuestion(
            "This PNG file is interlaced, or larger than 4 million pixels: save it again, smaller."
        )
    packed = b"".join(body for name, body in chunks if name == b"IDAT")
    row_bytes = -(-width * CHANNELS[color] * depth // 8)
    step = max(1, CHANNELS[color] * depth // 8)
    rows = unfiltered(inflated(packed, height * (row_bytes + 1)), height, row_bytes, step)
    samples = unpacked(rows, depth, width * CHANNELS[color])
    return gray(samples.reshape(height, width, -1), color, depth, dict(chunks))


def chunks_of(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 8 <= len(raw):
        size = int.from_bytes(raw[at : at + 4], "big")
        yield raw[at + 4 : at + 8], raw[at + 8 : at + 8 + size]
        at += size + 12


def inflated(packed: bytes, wanted: int) -> np.ndarray:
    try:
        found = zlib.decompressobj().decompress(packed, wanted)
    except zlib.error as error:
        raise NotAQuestion(f"This PNG file is damaged: {error}.") from error
    if len(found) < wanted:
        raise NotAQuestion("This PNG file is damaged: it ends too early.")
    return np.frombuffer(found, np.uint8)


def unfiltered(data: np.ndarray, height: int, row_bytes: int, step: int) -> np.ndarray:
    """Undo the filter of each row: a byte is stored as its difference from its neighbors."""
    lines = data.reshape(height, row_bytes + 1)
    above = np.zeros(row_bytes, np.uint8)
    rows = np.empty((height, row_bytes), np.uint8)
    for number, line in enumerate(lines):
        above = rows[number] = one_row(int(line[0]), line[1:], above, step)
    return rows


def one_row(kind: int, line: np.ndarray, above: np.ndarray, step: int) -> np.ndarray:
    if kind == 0:
        return line
    if kind == 2:
        total: np.ndarray = line + above
        return total
    if kind == 1:
        padded = np.pad(line, (0, -len(line) % step)).reshape(-1, step)
        summed: np.ndarray = np.cumsum(padded, axis=0, dtype=np.uint8)
        return summed.reshape(-1)[: len(line)]
    if kind not in (3, 4):
        raise NotAQuestion("This PNG file is damaged: it has an unknown filter.")
    found, up = [0] * step + line.tolist(), [0] * step + above.tolist()
    for i in range(step, len(found)):
        left, over, corner = found[i - step], up[i], up[i - step]
        guess = (left + over) // 2 if kind == 3 else paeth(left, over, corner)
        found[i] = (found[i] + guess) & 255
    return np.array(found[step:], np.uint8)


def paeth(left: int, over: int, corner: int) -> int:
    """The neighbor that is nearest to left + over - corner (Paeth, 1991)."""
    a, b, c = abs(over - corner), abs(left - corner), abs(left + over - 2 * corner)
    return left if a <= b and a <= c else over if b <= c else corner


def unpacked(rows: np.ndarray, depth: int, count: int) -> np.ndarray:
    """The samples of each row: several in a byte, or the first of two bytes."""
    if depth == 8:
        return rows
    if depth == 16:
        return rows[:, ::2]
    bits = np.unpackbits(rows, axis=1)
    bits = bits[:, : bits.shape[1] // depth * depth].reshape(len(rows), -1, depth)
    weights = 1 << np.arange(depth - 1, -1, -1)
    found: np.ndarray = (bits @ weights)[:, :count]
    return found


def gray(samples: np.ndarray, color: int, depth: int, chunks: dict[bytes, bytes]) -> np.ndarray:
    """(H, W, channels) -> (H, W), over white paper."""
    if color == 3:
        return from_palette(samples[..., 0], chunks)
    values = samples / (255 if depth >= 8 else 2**depth - 1)
    found: np.ndarray = values[..., :3] @ LUMA if color in (2, 6) else values[..., 0]
    return over_paper(found, values[..., -1]) if color in (4, 6) else found


def from_palette(index: np.ndarray, chunks: dict[bytes, bytes]) -> np.ndarray:
    table = np.frombuffer(chunks.get(b"PLTE", b""), np.uint8)
    colors = table[: len(table) // 3 * 3].reshape(-1, 3) / 255 @ LUMA
    alpha, known = np.ones(len(colors)), np.frombuffer(chunks.get(b"tRNS", b""), np.uint8)
    alpha[: len(known)] = known[: len(colors)] / 255
    if index.max() >= len(colors):
        raise NotAQuestion("This PNG file is damaged: its palette is too short.")
    return over_paper(colors[index], alpha[index])


def over_paper(values: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    found: np.ndarray = values * alpha + (1 - alpha)
    return found
