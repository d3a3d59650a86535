"""`python -m bench.tokenizer [ROUNDS]`: byte-pair encoding of 10 MB beside `tokenizers`.

Learns merges from a small text, checks that both give the same ids for texts of many kinds, then
times each half of a text of 10 MB, and the whole with the other library, in turn.
Exits with 1 if any ids differ. Needs `pip install tokenizers`.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import backends

MEGABYTES, ROUNDS, CASES = 10, 3, 2000
ALPHABETS = ("ab", "abc '1_ ", "lowest ", "\n\t \u3000x", "é水 \N{CHIPMUNK}a", "it's 1999, ²½Ⅷ")


def text_of(size: int, rng: random.Random) -> str:
    """Text of `size` characters, whose words are frequent and rare as in a natural language."""
    syllables = [a + b for a in "bdklmnprst" for b in ("a", "er", "est", "ing", "o", "un")]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(50_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    text = " ".join(rng.choices(words, weights, k=size // 6 + 1))
    return (text * 2)[:size]


def other(folder: Path) -> Any:
    """The same vocabulary in the other library; if that is missing, say so."""
    try:
        from tokenizers import ByteLevelBPETokenizer
    except ModuleNotFoundError:
        sys.exit("bench.tokenizer compares with tokenizers: pip install tokenizers")
    return ByteLevelBPETokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))


def differing(ours: Any, theirs: Any, rng: random.Random) -> list[str]:
    """Texts, short and long, whose ids differ."""
    texts = [
        "".join(rng.choices(rng.choice(ALPHABETS), k=rng.randint(0, 60))) for _ in range(CASES)
    ]
    texts += ["lowest" * 20_000, text_of(100_000, rng)]
    return [text for text in texts if ours.encode(text) != theirs.encode(text).ids]


def seconds(call: Callable[[], Any]) -> float:
    """The processor's time for a call: other programs do not count."""
    start = time.process_time()
    call()
    return time.process_time() - start


def timed(ours: Any, theirs: Any, text: str, rounds: int) -> list[float]:
    """Median times of the first and the second half, each with nothing remembered, and theirs."""
    middle, samples = len(text) // 2, []
    for _ in range(rounds):
        halves = [
            seconds(lambda part=part: type(ours)(ours.ranks, ours.vocab).encode(part))
            for part in (text[:middle], text[middle:])
        ]
        samples.append([*halves, seconds(lambda: theirs.encode(text))])
    return [statistics.median(column) for column in zip(*samples, strict=True)]


def main() -> None:
    """Compare, time, and print."""
    backends.reference()
    from tinytorch.text import BPETokenizer

    rng = random.Random(0)
    learned = BPETokenizer.train(text_of(300_000, rng) + "".join(ALPHABETS) * 50, 2000)
    with tempfile.TemporaryDirectory() as folder:
        learned.save(folder)
        theirs = other(Path(folder))
        ours = BPETokenizer.from_pretrained(folder)
    wrong = differing(ours, theirs, rng)
    print(f"{CASES + 2} texts, {len(ours)} tokens: {len(wrong)} encoded differently {wrong[:3]}")
    text = text_of(MEGABYTES * 1_000_000, rng)
    first, second, reference = timed(ours, theirs, text, int((*sys.argv[1:], ROUNDS)[0]))
    print(f"{MEGABYTES} MB: first half {first:.2f} s, second half {second:.2f} s")
    print(f"tokenizers {reference:.2f} s, ratio {(first + second) / reference:.2f}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
