# %% [markdown]
# # Module 10: Tokenization
#
# From text to numbers and back: characters, bytes, and byte-pair encoding, trained from text.
#
# About 30 minutes of reading and 2.5 hours of writing.
#
# This module needs modules 00 and 01. Of 01 it uses only `tensor`, and only in its last cell.
#
# ## The question
#
# A network reads numbers. How does a text become numbers? The first idea: a number for each word.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import time

import numpy as np

from tinytorch import tensor
from tokenization_given import (
    SAMPLE,
    _as_list,
    _check_text,
    _Memory,
    _unknown_id,
    _Vocabulary,
    read_text,
    split,
)

numbers = {word: number for number, word in enumerate(sorted(set(SAMPLE.split())))}
print(len(numbers), "words; slower is", numbers["slower"], "and the", numbers["the"])
for word in ("slower", "water", "slowest", "waters", "naïve"):
    print(f"{word:8}", numbers.get(word, "has no number"))

# %% [markdown]
# The list is never long enough. Languages have endings, names, typing errors, and there are Chinese
# and emoji besides. And it wastes what is known: "slower" and "slowest" have nothing in common but
# that each has some number.
#
# The opposite idea is a number for each *character*. Then the list is short, and "slowest" can be
# written by whoever can write "slower". But a text becomes a long row, and a Transformer's work
# grows with the square of its length.
#
# What we want lies between: short pieces for what is rare, long pieces for what is common, and no
# text that cannot be written. Such pieces are called **tokens** (subwords), the numbers are their
# **ids**, and all tokens together are the **vocabulary**.
#
# ## Where this stands
#
# Philip Gage, *A New Algorithm for Data Compression* (1994), replaced the most frequent pair of
# bytes by a byte that was still free, again and again. Rico Sennrich, Barry Haddow and Alexandra
# Birch, *Neural Machine Translation of Rare Words with Subword Units* (2016), saw that it finds the
# pieces we want. GPT-2 (Radford and others, 2019) started from bytes rather than from characters,
# and nearly all language models since then do it this way: **byte-pair encoding**, BPE. PyTorch has
# no tokenizer of its own. The usual libraries are Hugging Face's `tokenizers` and OpenAI's
# `tiktoken`; with the same merges yours gives the same ids as the first.
#
# # Part one: without merges
#
# ## Task 10.1: characters
#
# A text's characters, each once, in sorted order, are the vocabulary. The id of a character is its
# place in that list.
#
# ```
#   "hello"  ->  e h l o      vocabulary, sorted
#                0 1 2 3      ids
#
#   encode("hole")     ->  [1, 3, 2, 0]
#   decode([0, 2, 2])  ->  "ell"
# ```
#
# What is not in the vocabulary has no id. Say so, and say what it was: a `ValueError` whose message
# shows the character. When decoding, an id may be too large, or negative. Python's lists would take
# -1 for the last one, which would hide a mistake of somebody else. `_unknown_id(id, size)` makes
# the error to raise. `_as_list` has made a list of ints from whatever was given, also from a
# tensor.

# %%
#| default_exp text
#| export
import json
import re
from collections import Counter, defaultdict
from functools import cache
from heapq import heapify, heappop, heappush
from itertools import pairwise
from pathlib import Path

__all__ = [
    "BPETokenizer",
    "CharTokenizer",
    "PairTable",
    "best_pair",
    "byte_letters",
    "count_pairs",
    "learn_merges",
    "merge_pair",
    "merge_piece",
    "merge_quickly",
    "read_merges",
    "read_text",
    "split",
    "utf8",
]


class CharTokenizer:
    """One token for each character that a text has.

    Args:
        text: str; its characters, sorted, become the vocabulary.

    Attributes:
        characters: list of str, by id.
    """

    def __init__(self, text):
        _check_text(text)
        self.characters = sorted(set(text))
        self.vocab = {character: id for id, character in enumerate(self.characters)}

    def __len__(self):
        return len(self.characters)

    def encode(self, text):
        """The ids of a text.

        Args:
            text: str.

        Returns:
            list of int, one for each character.

        Raises:
            ValueError: a character is not in the vocabulary; the message shows it.

        Example:
            >>> CharTokenizer("hello").encode("hole")
            [1, 3, 2, 0]
        """
        _check_text(text)
        ### BEGIN SOLUTION
        for character in text:
            if character not in self.vocab:
                raise ValueError(f"the character {character!r} is not in the vocabulary")
        return [self.vocab[character] for character in text]
        ### END SOLUTION

    def decode(self, ids):
        """The text of some ids.

        Args:
            ids: list of int, or a tensor with one dimension.

        Returns:
            str.

        Raises:
            IndexError: an id is negative, or too large: `_unknown_id(id, len(self))`.

        Example:
            >>> CharTokenizer("hello").decode([0, 2, 2])
            'ell'
        """
        ids = _as_list(ids)
        ### BEGIN SOLUTION
        for id in ids:
            if not 0 <= id < len(self):
                raise _unknown_id(id, len(self))
        return "".join(self.characters[id] for id in ids)
        ### END SOLUTION


# %%
characters = CharTokenizer(SAMPLE)
ids = characters.encode("slowest")
print(len(characters), "characters; slowest is", ids, "and back", characters.decode(ids))
for text in ("naïve", "42"):
    try:
        characters.encode(text)
    except ValueError as error:
        print(error)

# %% [markdown]
# ## Task 10.2: bytes, utf8
#
# A vocabulary of all characters would have no gaps, but Unicode has more than 150,000, most of
# which the network never meets. There is a trick: every character can be *written* with a few of
# only 256 different bytes. UTF-8 (Ken Thompson and Rob Pike, 1992) is how nearly all files do it.
# A character is a number, `ord(character)`, its **code point**; and its bits are dealt out to one
# to four bytes:
#
# ```
#   code point from    bits            bytes
#           0          7 bits          0xxxxxxx
#        0x80         11 bits          110xxxxx 10xxxxxx
#       0x800         16 bits          1110xxxx 10xxxxxx 10xxxxxx
#     0x10000         21 bits          11110xxx 10xxxxxx 10xxxxxx 10xxxxxx
#
#   "é" is 0xE9, bits 00011 101001  ->  110 00011   10 101001  =  0xC3 0xA9
# ```
#
# The first byte says how many there are: its mark is 0xC0, 0xE0 or 0xF0 for two, three or four. The
# bytes that follow have the mark 0x80 and six bits each. In Python, `code >> 6` drops the last six
# bits, `code & 0x3F` keeps only them, and `|` puts a mark and bits together.
#
# Code points from 0xD800 to 0xDFFF, the **surrogates**, are no characters; UTF-8 has no bytes for
# them. That is refused above your blank.


# %%
#| export
def utf8(character):
    """The bytes of one character in UTF-8 (Thompson & Pike, 1992).

    Args:
        character: str of length 1.

    Returns:
        bytes, one to four of them.

    Raises:
        ValueError: a surrogate, which is no character.

    Example:
        >>> utf8("a"), utf8("é")
        (b'a', b'\\xc3\\xa9')
    """
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"U+{code:04X} is half of a surrogate pair and has no UTF-8 form")
    ### BEGIN SOLUTION
    if code < 0x80:
        return bytes([code])
    count = 2 if code < 0x800 else 3 if code < 0x10000 else 4
    mark = {2: 0xC0, 3: 0xE0, 4: 0xF0}[count]
    tail = []
    for _ in range(count - 1):
        tail.append(0x80 | code & 0x3F)
        code >>= 6
    return bytes([mark | code, *reversed(tail)])
    ### END SOLUTION


# %%
for character in ("a", "é", "水", "\N{CHIPMUNK}"):
    raw = utf8(character)
    bits = " ".join(f"{byte:08b}" for byte in raw)
    print(f"U+{ord(character):05X}  {bits:36} as Python has it: {raw == character.encode()}")

# %% [markdown]
# So 256 tokens are enough for every text there is, and for every file. From here on a token is a
# `bytes` object: `b"w"`, `b"er"`, `b" water"`. What is left to do is to make the rows shorter.
#
# # Part two: learn the merges
#
# ## Task 10.3: count the pairs
#
# Take the most frequent pair of neighbors and make it one token. Then again, with the new token as
# a possible neighbor. For that we count pairs. A text has many words more than once, so we count
# each word once and multiply. Here is Sennrich's example, four words with the number of times each
# occurs:
#
# ```
#   l o w          5 times         pair   counts
#   l o w e r      2               l o    5 + 2         = 7
#   n e w e s t    6               w e        2 + 6     = 8
#   w i d e s t    3               e s            6 + 3 = 9    the most frequent,
#                                  s t            6 + 3 = 9    together with this one
# ```
#
# If two pairs are equally frequent, any rule would do, but it has to be a rule: two people who
# learn from the same text should get the same tokens. Ours: the smaller pair, as Python compares
# tuples of bytes. `(b"e", b"s") < (b"s", b"t")`.


# %%
#| export
def count_pairs(words):
    """How often each pair of neighbors occurs.

    Args:
        words: dict from a tuple of tokens (bytes) to the number of times it occurs.

    Returns:
        Counter: from a pair (bytes, bytes) to a number. `aaa` has the pair (a, a) twice.

    Example:
        >>> count_pairs({(b"l", b"o", b"w"): 5, (b"l", b"o"): 2})
        Counter({(b'l', b'o'): 7, (b'o', b'w'): 5})
    """
    ### BEGIN SOLUTION
    counts = Counter()
    for parts, times in words.items():
        for pair in pairwise(parts):
            counts[pair] += times
    return counts
    ### END SOLUTION


def best_pair(counts):
    """The pair that is merged next.

    Args:
        counts: dict from a pair to a number, not empty.

    Returns:
        (bytes, bytes): the most frequent one; of several the smallest.

    Example:
        >>> best_pair({(b"s", b"t"): 9, (b"e", b"s"): 9, (b"a", b"b"): 8})
        (b'e', b's')
    """
    ### BEGIN SOLUTION
    most = max(counts.values())
    return min(pair for pair, times in counts.items() if times == most)
    ### END SOLUTION


# %%
def in_bytes(word):
    """A word as a tuple of single bytes."""
    return tuple(bytes([byte]) for byte in word.encode())


words = {in_bytes(word): times for word, times in
         {"low": 5, "lower": 2, "newest": 6, "widest": 3}.items()}  # fmt: skip
counts = count_pairs(words)
print({b" ".join(pair).decode(): times for pair, times in counts.most_common(5)})
print("first:", best_pair(counts))

# %% [markdown]
# ## Task 10.4: merge a pair
#
# Now the pair becomes one token, wherever it occurs, from left to right. A token that has been used
# up cannot be used again:
#
# ```
#   pair (e, s):   n e w e s t   ->   n e w es t
#   pair (a, a):   a a a a a     ->   aa aa a
# ```
#
# Indexing a tuple with a slice gives a tuple, so `parts[i : i + 2] == pair` asks whether the pair
# stands at place i. Past the end such a slice is shorter, and equal to no pair.


# %%
#| export
def merge_pair(parts, pair):
    """Make one token of each occurrence of a pair, from left to right.

    Args:
        parts: tuple of bytes.
        pair: (bytes, bytes).

    Returns:
        tuple of bytes. Together they are the same bytes as before.

    Example:
        >>> merge_pair((b"a", b"a", b"a", b"b"), (b"a", b"a"))
        (b'aa', b'a', b'b')
    """
    ### BEGIN SOLUTION
    merged, i = [], 0
    while i < len(parts):
        if parts[i : i + 2] == pair:
            merged.append(parts[i] + parts[i + 1])
            i += 2
        else:
            merged.append(parts[i])
            i += 1
    return tuple(merged)
    ### END SOLUTION


# %%
print(merge_pair(in_bytes("newest"), (b"e", b"s")))
print(merge_pair(in_bytes("aaaaa"), (b"a", b"a")))

# %% [markdown]
# ## Task 10.5: learn merges
#
# Count, choose, merge, and begin again. The pairs in the order in which they were chosen are the
# **merges**; they are all that has been learned. A pair that occurs only once saves nothing, so
# stop when the best one does, or when there is none.
#
# The dictionary `words` belongs to the caller: make new ones rather than changing it.


# %%
#| export
def learn_merges(words, count):
    """The first merges that byte-pair encoding finds (Gage, 1994; Sennrich et al., 2016).

    Args:
        words: dict from a tuple of tokens to the number of times it occurs. It is not changed.
        count: how many merges at most.

    Returns:
        list of pairs, in the order in which they were merged. Fewer than `count` if no pair occurs
        twice any more.

    Example:
        >>> learn_merges({(b"e", b"s", b"t"): 9}, 5)
        [(b'e', b's'), (b'es', b't')]
    """
    ### BEGIN SOLUTION
    merges = []
    while len(merges) < count:
        counts = count_pairs(words)
        if not counts or max(counts.values()) < 2:
            break
        pair = best_pair(counts)
        merges.append(pair)
        words = {merge_pair(parts, pair): times for parts, times in words.items()}
    return merges
    ### END SOLUTION


# %%
for left, right in learn_merges(words, 8):
    print(f"{left.decode():>5} + {right.decode()}")

# %% [markdown]
# The ending "est", the word "low", the whole of "newest": nobody told it what a word or an ending
# is.
#
# ## Task 10.6: only what changes, PairTable
#
# Each round of `learn_merges` looks at every word. A real vocabulary has 50,000 tokens and a real
# text a million different words, so nearly all of this work finds nothing new: only words that
# *have* the pair change. So keep, beside the counts, a list of where each pair occurs:
#
# ```
#   words   0  [(n, e, w, e, s, t), 6]       where   (e, s)   {0, 1}
#           1  [(w, i, d, e, s, t), 3]               (n, e)   {0}
#           2  [(l, o, w), 5]                        (l, o)   {2}
#
#   merge (e, s): only words 0 and 1.  For each of them
#       its old pairs leave     counts[pair] -= times       where[pair] loses the word
#       the word is merged
#       its new pairs come      counts[pair] += times       where[pair] gets the word
# ```
#
# Take all old pairs of the word out, also those that will come back: then there is no special case.
# `where[pair]` changes while you do this, so go through a copy of it, `list(where[pair])`. And
# `discard` takes a number out of a set, whether it is there or not: a word may have a pair twice.
#
# `learn` is given: the loop of 10.5 with this table.


# %%
#| export
class PairTable:
    """Words, the counts of their pairs, and where each pair occurs.

    Args:
        words: dict from a tuple of tokens to the number of times it occurs.

    Attributes:
        words: list of [tuple of tokens, times].
        counts: Counter, from a pair to a number. A pair that is gone may stay, with 0.
        where: from a pair to the set of the positions in `words` that have it.
    """

    def __init__(self, words):
        self.words = [[parts, times] for parts, times in words.items()]
        self.counts, self.where = Counter(), defaultdict(set)
        for number, (parts, times) in enumerate(self.words):
            for pair in pairwise(parts):
                self.counts[pair] += times
                self.where[pair].add(number)

    def merge(self, pair):
        """Merge the pair in all words that have it, and bring counts and places up to date.

        Args:
            pair: (bytes, bytes).

        Example:
            >>> table = PairTable({(b"e", b"s", b"t"): 9})
            >>> table.merge((b"e", b"s"))
            >>> table.words, table.counts[b"e", b"s"], table.counts[b"es", b"t"]
            ([[(b'es', b't'), 9]], 0, 9)
        """
        ### BEGIN SOLUTION
        for number in list(self.where[pair]):
            parts, times = self.words[number]
            for old in pairwise(parts):
                self.counts[old] -= times
                self.where[old].discard(number)
            self.words[number][0] = parts = merge_pair(parts, pair)
            for new in pairwise(parts):
                self.counts[new] += times
                self.where[new].add(number)
        ### END SOLUTION

    def learn(self, count):
        """What `learn_merges(words, count)` gives, without looking at all words each time."""
        merges = []
        while len(merges) < count and self.counts:
            pair = best_pair(self.counts)
            if self.counts[pair] < 2:
                break
            self.merge(pair)
            merges.append(pair)
        return merges


# %%
rng = np.random.default_rng(0)
many = {in_bytes("".join(rng.choice(list("etaoinsh"), 8))): 1 for _ in range(3000)}
start = time.perf_counter()
slow = learn_merges(many, 40)
middle = time.perf_counter()
fast = PairTable(many).learn(40)
end = time.perf_counter()
print(f"{len(many)} words, 40 merges: the same {slow == fast}, "
      f"{(middle - start) / (end - middle):.0f} times as fast")  # fmt: skip

# %% [markdown]
# # Part three: use the merges
#
# ## Task 10.7: one piece
#
# To encode a new word we do with it what was done while learning: the merges in the order in which
# they were learned. The place of a merge in that order is its **rank**. In each step take, of all
# pairs in the word, the one with the lowest rank; if it occurs more than once, the leftmost. Join
# it. Stop when no pair has a rank.
#
# ```
#   ranks   (e, s) 0   (es, t) 1   (l, o) 2   (lo, w) 3   (w, es) 4
#
#   l o w e s t         (l, o) 2   (e, s) 0               the lowest is 0
#   l o w es t          (l, o) 2   (w, es) 4   (es, t) 1
#   l o w est           (l, o) 2
#   lo w est            (lo, w) 3
#   low est             no pair has a rank
# ```
#
# "lowest" was not among the words, and it gets the two tokens one would wish for.


# %%
#| export
def merge_piece(piece, ranks):
    """The tokens of a short piece of text.

    Args:
        piece: bytes.
        ranks: dict from a pair (bytes, bytes) to its rank; the lowest is merged first, of equals
            the leftmost.

    Returns:
        list of bytes. Together they are the piece.

    Example:
        >>> merge_piece(b"abab", {(b"b", b"a"): 1, (b"a", b"b"): 0})
        [b'ab', b'ab']
    """
    parts = [piece[i : i + 1] for i in range(len(piece))]
    ### BEGIN SOLUTION
    while True:
        pairs = enumerate(pairwise(parts))
        found = [(ranks[pair], i) for i, pair in pairs if pair in ranks]
        if not found:
            return parts
        _, i = min(found)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    ### END SOLUTION


# %%
ranks = {pair: rank for rank, pair in enumerate(learn_merges(words, 8))}
for word in ("lowest", "newer", "wildest", "water"):
    print(word, "->", b" ".join(merge_piece(word.encode(), ranks)).decode())

# %% [markdown]
# ## Task 10.8: long pieces, merge_quickly
#
# Each step of `merge_piece` looks at the whole piece. For a word of six letters that is nothing.
# But somebody will send a megabyte without a single space, and then a million steps look at a
# million pairs each.
#
# Two old ideas cure it. The first: a **heap** (`heapq`) is a list of which the smallest entry is
# always at hand. `heappop(heap)` takes it out, `heappush(heap, entry)` puts one in, and both take a
# few steps only, even among a million. Ours has entries (rank, place); of equal ranks the smaller
# place comes first, as it should.
#
# The second: joining must not move what comes after. So the parts keep their places, and each knows
# the place of the next one and of the one before (a **linked list**). Joining leaves a gap:
#
# ```
#   place      0     1     2     3     4              join(2): part 2 takes in part 3
#   parts      l     o     w     e     r     ->    l     o     we    None   r
#   after      1     2     3     4     5           1     2     4     .      5      5 is the end
#   before    -1     0     1     2     3          -1     0     1     .      2
# ```
#
# Two blanks. `join(i)` does what the picture shows: four things change, the parts at two places,
# the place after i, and, if there is one, the place before that.
#
# `merge_quickly` begins with a heap of all pairs that have a rank. Then: take the first entry out.
# Between its going in and its coming out, its place may have been joined, so ask again:
# `chain.pair(i)` is the pair that stands there *now* (None if none does). If its rank is not the
# one of the entry, forget the entry. Else join; there are then two new pairs, at `chain.before[i]`
# and at i. Push those that have a rank.


# %%
#| export
class _Chain:
    """The parts of a piece, in places that stay; each knows the place after it and before it."""

    def __init__(self, piece):
        count = len(piece)
        self.parts = [piece[i : i + 1] for i in range(count)]
        self.after = list(range(1, count + 1))
        self.before = list(range(-1, count - 1))

    def pair(self, i):
        """The part at place i and the next one; None if one of them is not there."""
        if i < 0 or self.parts[i] is None or self.after[i] == len(self.parts):
            return None
        return self.parts[i], self.parts[self.after[i]]

    def join(self, i):
        """Let part i take in the part after it, which there must be."""
        ### BEGIN SOLUTION
        gone = self.after[i]
        self.parts[i] += self.parts[gone]
        self.parts[gone] = None
        self.after[i] = self.after[gone]
        if self.after[i] < len(self.parts):
            self.before[self.after[i]] = i
        ### END SOLUTION


def merge_quickly(piece, ranks):
    """What `merge_piece(piece, ranks)` gives, in n log n steps for n bytes.

    Args:
        piece: bytes.
        ranks: dict from a pair (bytes, bytes) to its rank.

    Returns:
        list of bytes.

    Example:
        >>> merge_quickly(b"abab", {(b"b", b"a"): 1, (b"a", b"b"): 0})
        [b'ab', b'ab']
    """
    chain = _Chain(piece)
    pairs = enumerate(pairwise(chain.parts))
    heap = [(ranks[pair], i) for i, pair in pairs if pair in ranks]
    heapify(heap)
    ### BEGIN SOLUTION
    while heap:
        rank, i = heappop(heap)
        if ranks.get(chain.pair(i)) != rank:
            continue
        chain.join(i)
        for place in (chain.before[i], i):
            pair = chain.pair(place)
            if pair in ranks:
                heappush(heap, (ranks[pair], place))
    ### END SOLUTION
    return [part for part in chain.parts if part is not None]


# %%
def seconds(merge, piece):
    """The shortest of three times."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        merge(piece, ranks)
        times.append(time.perf_counter() - start)
    return min(times)


for length in (300, 1200):
    piece = ("lowestnewer" * 200)[:length].encode()
    same = merge_piece(piece, ranks) == merge_quickly(piece, ranks)
    slow, fast = seconds(merge_piece, piece), seconds(merge_quickly, piece)
    print(f"{length:4} bytes: the same {same}, {slow * 1e3:6.2f} ms and {fast * 1e3:5.2f} ms")

# %% [markdown]
# ## Task 10.9: the tokenizer
#
# Everything is there now. `split(text)`, given, cuts the text into pieces (open
# `tokenization_given.py`, it is one regular expression, GPT-2's). Merges stay within a piece, so
# that no token is "dog." or half of two words. A space belongs to the word after it.
#
# ```
#   "the tide, the"  ->  "the" " tide" "," " the"  ->  the tokens of each  ->  the id of each
# ```
#
# Most words of a text have been seen before. So `encode` remembers the ids of each piece in
# `self._known` (a dictionary that empties itself when it is full), and merges only what is new.
# This is **memoization**, and it makes encoding a look-up for nine words of ten. Merge with
# `merge_quickly`, since a piece may be long. The bytes of a piece are
# `piece.encode("utf-8", "surrogateescape")`; the second argument is for files that are not text,
# and matters to `encode_bytes` only. The id of a token is `self.vocab[token]`.
#
# `decode` goes back: the tokens of the ids are `self.tokens[id]`, joined they are the bytes. A
# character may be spread over several tokens, so join *before* anything is decoded. A network that
# writes may stop in the middle of a character, or write bytes that are no text; therefore
# `decode`, given, puts U+FFFD, a question mark in a diamond, for what is not UTF-8.


# %%
#| export
class BPETokenizer:
    """Byte-pair encoding over bytes, as GPT-2 has it (Sennrich et al., 2016; Radford et al., 2019).

    Args:
        merges: list of pairs (bytes, bytes), in the order of their ranks.
        vocab: dict from tokens (bytes) to ids. If None: the 256 bytes, then what each merge makes.
        special_tokens: list of str, such as "<|endoftext|>", which are never cut. Those that the
            vocabulary does not have get the next ids.

    Attributes:
        ranks, vocab: dictionaries, from pair to rank and from token to id.
        tokens: dict from id to token, bytes.
    """

    def __init__(self, merges, vocab=None, special_tokens=()):
        self.ranks = {}
        for pair in merges:
            self.ranks.setdefault(tuple(pair), len(self.ranks))
        if vocab is None:
            made = [left + right for left, right in self.ranks]
            vocab = dict.fromkeys([bytes([byte]) for byte in range(256)] + made)
            vocab = {token: id for id, token in enumerate(vocab)}
        self.vocab = _Vocabulary(vocab)
        for token in special_tokens:
            self.vocab.setdefault(token.encode(), max(self.vocab.values(), default=-1) + 1)
        self.tokens = {id: token for token, id in self.vocab.items()}
        self.special_tokens = tuple(special_tokens)
        self._known = _Memory()

    @classmethod
    def train(cls, text, vocab_size, special_tokens=()):
        """A tokenizer that has learned its merges from a text.

        Args:
            text: str.
            vocab_size: how many tokens at most, the 256 bytes and special ones among them.
            special_tokens: list of str.
        """
        _check_text(text)
        least = 256 + len(special_tokens)
        if vocab_size < least:
            raise ValueError(f"vocab_size is {least} or more: 256 bytes and the special tokens")
        words = Counter(split(text))
        table = PairTable({
            tuple(bytes([byte]) for byte in word.encode()): times for word, times in words.items()
        })  # fmt: skip
        return cls(table.learn(vocab_size - least), special_tokens=special_tokens)

    def __len__(self):
        return len(self.vocab)

    def encode(self, text):
        """The ids of a text. Special tokens in it get their own.

        Args:
            text: str.

        Returns:
            list of int.

        Raises:
            TypeError, ValueError: no str, or one with half a surrogate pair.

        Example:
            >>> BPETokenizer([(b"l", b"o"), (b"lo", b"w")]).encode("low")
            [257]
        """
        _check_text(text, ": bytes go through encode_bytes" * isinstance(text, bytes))
        ids = []
        for part in self._parted(text):
            special = part in self.special_tokens
            ids += [self.vocab[part.encode()]] if special else self._encode(part)
        return ids

    def encode_bytes(self, data):
        """The ids of any bytes; for UTF-8 without special tokens those of `encode`."""
        return self._encode(bytes(data).decode("utf-8", "surrogateescape"))

    def _encode(self, text):
        """The ids of a text (str) without special tokens: a new list of int.

        Piece by piece; those of a piece are kept in `self._known[piece]`.
        """
        ### BEGIN SOLUTION
        ids = []
        for piece in split(text):
            if piece not in self._known:
                parts = merge_quickly(piece.encode("utf-8", "surrogateescape"), self.ranks)
                self._known[piece] = [self.vocab[part] for part in parts]
            ids += self._known[piece]
        return ids
        ### END SOLUTION

    def decode_bytes(self, ids):
        """The bytes of some ids, exactly those that were encoded.

        Args:
            ids: list of int, or a tensor with one dimension.

        Returns:
            bytes.

        Raises:
            IndexError: no token has the id: `_unknown_id(id, len(self))`.

        Example:
            >>> BPETokenizer([(b"l", b"o"), (b"lo", b"w")]).decode_bytes([257, 33])
            b'low!'
        """
        ids = _as_list(ids)
        ### BEGIN SOLUTION
        for id in ids:
            if id not in self.tokens:
                raise _unknown_id(id, len(self))
        return b"".join(self.tokens[id] for id in ids)
        ### END SOLUTION

    def decode(self, ids, errors="replace"):
        """The text of some ids; bytes that are not UTF-8 become U+FFFD, or, with
        errors="strict", an error.
        """
        return self.decode_bytes(ids).decode("utf-8", errors)

    def _parted(self, text):
        """The text, cut before and after each special token: the longest where several fit."""
        if not self.special_tokens:
            return [text]
        longest_first = sorted(self.special_tokens, key=len, reverse=True)
        pattern = "|".join(map(re.escape, longest_first))
        return [part for part in re.split(f"({pattern})", text) if part]

    def save(self, folder):
        """Write `vocab.json` and `merges.txt` into a folder, as GPT-2's and Hugging Face's are."""
        folder, letters = Path(folder), byte_letters()
        folder.mkdir(parents=True, exist_ok=True)

        def written(token):
            special = token.decode("utf-8", "replace") in self.special_tokens
            return token.decode() if special else "".join(letters[byte] for byte in token)

        vocab = {written(token): id for token, id in self.vocab.items()}
        merges = [f"{written(left)} {written(right)}" for left, right in self.ranks]
        text = json.dumps(vocab, ensure_ascii=False)
        (folder / "vocab.json").write_text(text, encoding="utf-8", newline="\n")
        text = "\n".join(["#version: 0.2", *merges, ""])
        (folder / "merges.txt").write_text(text, encoding="utf-8", newline="\n")

    @classmethod
    def from_pretrained(cls, folder):
        """Read `vocab.json` and `merges.txt` from a folder.

        A token of the vocabulary that is neither a byte nor made by a merge is a special one.

        Raises:
            FileNotFoundError, ValueError: a file is missing, or damaged.
        """
        folder = Path(folder)
        try:
            written = json.loads(read_text(folder / "vocab.json"))
        except json.JSONDecodeError as error:
            raise ValueError(f"{folder / 'vocab.json'} is no JSON: {error}") from error
        if not isinstance(written, dict) or not all(type(id) is int for id in written.values()):
            raise ValueError(f"{folder / 'vocab.json'} is not a table from tokens to ids")
        merges = read_merges(read_text(folder / "merges.txt").split("\n"))
        plain = {bytes([byte]) for byte in range(256)} | {left + right for left, right in merges}
        vocab, special = {}, []
        for token, id in written.items():
            try:
                known = _from_letters(token)
            except ValueError:
                known = None
            if known not in plain:
                special.append(token)
            vocab[known if known in plain else token.encode()] = id
        return cls(merges, vocab, special)


# %%
tokenizer = BPETokenizer.train(SAMPLE, vocab_size=350)
for text in ("slower waters", "the naïve daughter", "水 \N{CHIPMUNK}"):
    ids = tokenizer.encode(text)
    print(f"{len(text.encode()):3} bytes, {len(ids):2} tokens, back again:",
          tokenizer.decode(ids) == text)  # fmt: skip
print([tokenizer.tokens[id].decode() for id in tokenizer.encode("the slowest daughter")])
raw = bytes(range(256))
print("any bytes:", tokenizer.decode_bytes(tokenizer.encode_bytes(raw)) == raw)

# %% [markdown]
# ## Task 10.10: files that others read
#
# GPT-2's vocabulary is in two text files. `merges.txt` has one merge in each line, two tokens with
# a space between them; `vocab.json` has an id for each token. But how does one write a token that
# *is* a space, or byte 0, into a text file? Each of the 256 bytes gets a visible character of its
# own, its letter:
#
# ```
#   bytes 33 to 126, 161 to 172, 174 to 255    are visible already: chr(byte)
#   the other 68, in order                     chr(256), chr(257), chr(258), ...
#
#   byte 0  ->  chr(256)     byte 32, the space  ->  chr(288), a G with a dot     byte 65  ->  "A"
# ```
#
# Write the table, and then read a file of merges. Its first line may be `#version: 0.2`, and the
# last line may be empty; both are passed over. But `# #` is a merge like any other. A line that is
# not two tokens is an error, a `ValueError` that says which line it is (the first is line 1) and
# shows it: files get cut off. `_from_letters`, given, turns a token's letters back into bytes.


# %%
#| export
def byte_letters():
    """The visible character that stands for each byte in GPT-2's files (Radford et al., 2019).

    Returns:
        dict from int, 0 to 255, to str of length 1; all 256 are different.

    Example:
        >>> letters = byte_letters()
        >>> letters[65], ord(letters[0]), ord(letters[32])
        ('A', 256, 288)
    """
    ### BEGIN SOLUTION
    letters, other = {}, 256
    for byte in range(256):
        if 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174:
            letters[byte] = chr(byte)
        else:
            letters[byte] = chr(other)
            other += 1
    return letters
    ### END SOLUTION


@cache
def _bytes_of_letters():
    return {letter: byte for byte, letter in byte_letters().items()}


def _from_letters(token):
    """The bytes of a token that is written in letters of `byte_letters`."""
    known = _bytes_of_letters()
    strange = [letter for letter in token if letter not in known]
    if strange:
        raise ValueError(f"{strange[0]!r} in the token {token!r} stands for no byte")
    return bytes(known[letter] for letter in token)


def read_merges(lines):
    """The merges in the lines of a `merges.txt`.

    Args:
        lines: list of str, without line ends.

    Returns:
        list of pairs (bytes, bytes), in the order of the lines.

    Raises:
        ValueError: a line is not two tokens with one space between them; the message has its
            number, counted from 1, and shows it.

    Example:
        >>> read_merges(["#version: 0.2", "l o", "lo w", ""])
        [(b'l', b'o'), (b'lo', b'w')]
    """
    ### BEGIN SOLUTION
    merges = []
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#version"):
            continue
        halves = line.split(" ")
        if len(halves) != 2 or not all(halves):
            raise ValueError(f"line {number} of the merges is {line!r}: expected two tokens")
        merges.append(tuple(_from_letters(half) for half in halves))
    return merges
    ### END SOLUTION


# %%
import tempfile

with tempfile.TemporaryDirectory() as folder:
    tokenizer.save(folder)
    lines = read_text(folder + "/merges.txt").split("\n")
    again = BPETokenizer.from_pretrained(folder)
print(len(lines), "lines of merges;", "the same ids:",
      again.encode(SAMPLE) == tokenizer.encode(SAMPLE))  # fmt: skip
try:
    read_merges(["#version: 0.2", "l o", "lo"])
except ValueError as error:
    print(error)

# %% [markdown]
# ## Put together
#
# How large should a vocabulary be? More tokens make shorter rows, but each has to be learned, and
# rare ones are seen too seldom. Here is the sample text with four vocabularies, and the tensor that
# a network would be given.

# %%
print(f"{len(SAMPLE)} characters, {len(SAMPLE.encode())} bytes")
for size in (260, 280, 310, 340):
    learned = BPETokenizer.train(SAMPLE, size, special_tokens=["<|endoftext|>"])
    ids = learned.encode(SAMPLE)
    longest = max((learned.tokens[id] for id in ids), key=len)
    print(f"{len(learned)} tokens: a row of {len(ids):4}, {len(SAMPLE.encode()) / len(ids):.2f} "
          f"bytes for each; the longest is {longest.decode()!r}")  # fmt: skip
print("two texts in one row:", tensor(learned.encode("low tide<|endoftext|>high tide")))

# %% [markdown]
# ## What you can do now
#
# Any text, in any language, can become a row of ids and come back unchanged, and so can any file.
# You can learn a vocabulary from a text of your own, and read and write the files that other
# libraries use. `tito module test 10` runs the tests, `tito module complete 10` puts your code into
# `tinytorch`.
#
# ## Experiments
#
# - Train on a text of your own (`read_text`), for example on your notes or on a program. What are
#   the first twenty merges, and which is the longest token?
# - Encode the same sentence in English and in another language with the same tokenizer. How many
#   tokens has each? Who pays more, when a model is paid by the token?
# - How does the tokenizer cut "1234 + 4321"? Would you like to add with such digits? GPT-4 cuts
#   numbers into groups of at most three.
#
# ## Questions
#
# **1.** Why does the merging stay within pieces? What would be learned from a text without this
# rule?
#
# <details><summary>Answer</summary>
#
# The most frequent pairs would soon be "e" and the space after it, then "the " with what follows,
# "dog." and "dog," beside "dog". The tokens would be spent on accidents of punctuation. And the
# dictionary of known pieces would be worth nothing, since there would be one piece.
#
# </details>
#
# **2.** A token is half of a character. Can that happen, and what is it good for?
#
# <details><summary>Answer</summary>
#
# Yes. A character that was rare in the text has no token of its own, so it is written with two to
# four tokens of one byte. That is why there is no character that cannot be written.
#
# </details>
#
# **3.** Two tokenizers have the same tokens, with the same ids, but their merges have another
# order. Do they encode alike?
#
# <details><summary>Answer</summary>
#
# Not always. With (a, b) before (b, c), "abc" is `ab c`; the other way around it is `a bc`. Both
# decode to the same text, but a network that learned one of them would not know the other's rows.
#
# </details>
