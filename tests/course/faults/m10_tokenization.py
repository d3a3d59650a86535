"""Wrong answers of module 10: characters, bytes, merges, the tokenizer, its files."""

from __future__ import annotations

from tests.course.faults.fault import Catalogue, Fault

TOKENIZATION = Catalogue("10_tokenization")

TOKENIZATION.task(
    "10.1",
    "text.CharTokenizer",
    Fault(
        "unknown characters are left out",
        "error not raised",
        'raise ValueError(f"the character {character!r} is not in the vocabulary")',
        "text = text.replace(character, '')",
    ),
    Fault("-1 is the last character", "error not raised", "0 <= id < len(self)", "id < len(self)"),
    Fault("the limit is an id", "off by one", "0 <= id < len(self)", "0 <= id <= len(self)"),
    Fault("ids from 1", "off by one", "self.vocab[character] for", "self.vocab[character] + 1 for"),
    Fault("spaces between", "shape", '"".join', '" ".join'),
)
TOKENIZATION.task(
    "10.2",
    "text.utf8",
    Fault("0x80 in one byte", "off by one", "code < 0x80:", "code <= 0x80:"),
    Fault("two bytes end early", "condition", "code < 0x800 ", "code < 0x7FF "),
    Fault("three bytes end late", "condition", "code < 0x10000 ", "code <= 0x10000 "),
    Fault("lowest bits first", "order", "*reversed(tail)", "*tail"),
    Fault("no mark in those that follow", "missing branch", "0x80 | code & 0x3F", "code & 0x3F"),
    Fault("seven bits each", "factor", "code >>= 6", "code >>= 7"),
)
TOKENIZATION.task(
    "10.3",
    "text.count_pairs",
    Fault("each word once", "not summed", "counts[pair] += times", "counts[pair] += 1"),
    Fault("the last word only", "not summed", "counts[pair] += times", "counts[pair] = times"),
    Fault(
        "each pair once for a word", "condition", "in pairwise(parts)", "in set(pairwise(parts))"
    ),
    Fault("the largest of equals", "order", "min(pair for", "max(pair for"),
    Fault(
        "the first of equals",
        "order",
        "min(pair for pair, times in counts.items() if times == most)",
        "next(pair for pair, times in counts.items() if times == most)",
    ),
    Fault("the rarest", "condition", "max(counts.values())", "min(counts.values())"),
)
TOKENIZATION.task(
    "10.4",
    "text.merge_pair",
    Fault("a token is used twice", "off by one", "i += 2", "i += 1"),
    Fault("the other way around", "order", "parts[i] + parts[i + 1]", "parts[i + 1] + parts[i]"),
    Fault("the last part is lost", "off by one", "i < len(parts)", "i < len(parts) - 1"),
    Fault("a list", "shape", "return tuple(merged)", "return merged"),
    Fault("not returned", "forgotten return", "return tuple(merged)", "tuple(merged)"),
)
TOKENIZATION.task(
    "10.5",
    "text.learn_merges",
    Fault("pairs that occur once", "condition", "max(counts.values()) < 2", "not counts"),
    Fault("pairs that occur twice are left", "off by one", ".values()) < 2", ".values()) < 3"),
    Fault("one too many", "off by one", "len(merges) < count", "len(merges) <= count"),
    Fault("the newest first", "order", "merges.append(pair)", "merges.insert(0, pair)"),
)
TOKENIZATION.task(
    "10.6",
    "text.PairTable",
    Fault("the old pairs stay", "state", "self.counts[old] -= times", "pass"),
    Fault("the old places stay", "state", "self.where[old].discard(number)", "pass"),
    Fault("the new places are missing", "state", "self.where[new].add(number)", "pass"),
    Fault("new pairs count once", "factor", "self.counts[new] += times", "self.counts[new] += 1"),
    Fault(
        "all words are looked at", "condition", "list(self.where[pair])", "range(len(self.words))"
    ),
    Fault("the word stays", "state", "self.words[number][0] = parts = merge", "parts = merge"),
)
TOKENIZATION.task(
    "10.7",
    "text.merge_piece",
    Fault("the highest rank", "order", "min(found)", "max(found)"),
    Fault("the rightmost", "order", "min(found)", "min(found, key=lambda f: (f[0], -f[1]))"),
    Fault("the first, whatever its rank", "order", "_, i = min(found)", "_, i = found[0]"),
    Fault(
        "the next part stays",
        "off by one",
        "parts[i : i + 2] = [",
        "parts[i : i + 1] = [",
    ),
)
TOKENIZATION.task(
    "10.8",
    "text.merge_quickly",
    Fault("the way back is not mended", "state", "self.before[self.after[i]] = i", "pass"),
    Fault("the part taken in stays", "state", "self.parts[gone] = None", "pass"),
    Fault("the way on is not mended", "state", "self.after[i] = self.after[gone]", "pass"),
    Fault("old entries are believed", "condition", "!= rank:", "is None:"),
    Fault("only the pair to the right", "missing branch", "(chain.before[i], i)", "(i,)"),
    Fault(
        "only the pair to the left", "missing branch", "(chain.before[i], i)", "[chain.before[i]]"
    ),
)
TOKENIZATION.task(
    "10.9",
    "text.BPETokenizer",
    Fault("the text as one piece", "missing branch", "in split(text)", "in [text]"),
    Fault(
        "nothing is remembered", "state", "if piece not in self._known:", "if piece is not None:"
    ),
    Fault("only what is new", "condition", "            ids +=", "                ids +="),
    Fault(
        "only for texts",
        "missing branch",
        'piece.encode("utf-8", "surrogateescape")',
        "piece.encode()",
    ),
    Fault(
        "unknown ids are left out",
        "error not raised",
        "raise _unknown_id(id, len(self))",
        "ids.remove(id)",
    ),
    Fault("a text of bytes", "dtype", 'b"".join(self.tokens[id] for id in ids)',
          '"".join(self.tokens[id].decode() for id in ids)'),
)  # fmt: skip
TOKENIZATION.task(
    "10.10",
    "text.read_merges",
    Fault("the space is visible", "off by one", "33 <= byte", "32 <= byte"),
    Fault("173 is visible", "condition", "byte >= 174", "byte >= 173"),
    Fault("one letter for all", "state", "other += 1", "pass"),
    Fault(
        "every # is a remark", "condition", 'line.startswith("#version")', 'line.startswith("#")'
    ),
    Fault("lines from 0", "off by one", "enumerate(lines, 1)", "enumerate(lines)"),
    Fault("half a pair is taken", "error not raised", " or not all(halves)", ""),
    Fault("letters are encoded again", "wrong operand", "_from_letters(half)", "half.encode()"),
)

# More of them, thought of from the lesson alone, without its tests.

TOKENIZATION.task(
    "10.1",
    "text.CharTokenizer",
    Fault(
        "unknown characters left out",
        "error not raised",
        "        for character in text:\n"
        "            if character not in self.vocab:\n"
        '                raise ValueError(f"the character {character!r} is not '
        'in the vocabulary")\n'
        "        return [self.vocab[character] for character in text]",
        "        return [self.vocab[character] for character in text if character in self.vocab]",
    ),
)

TOKENIZATION.task(
    "10.2",
    "text.utf8",
    Fault(
        "U+0800 in two bytes",
        "off by one",
        "code < 0x800 ",
        "code <= 0x800 ",
    ),
)

TOKENIZATION.task(
    "10.5",
    "text.learn_merges",
    Fault(
        "pairs that come once are merged too",
        "condition",
        "max(counts.values()) < 2",
        "max(counts.values()) < 1",
    ),
    Fault(
        "fails when no pair is left",
        "missing branch",
        "if not counts or max(counts.values()) < 2:",
        "if max(counts.values()) < 2:",
    ),
)

TOKENIZATION.task(
    "10.6",
    "text.PairTable",
    Fault(
        "the new pairs' places forgotten",
        "state",
        "                self.counts[new] += times\n                self.where[new].add(number)",
        "                self.counts[new] += times",
    ),
    Fault(
        "a word counted once off",
        "factor",
        "self.counts[old] -= times",
        "self.counts[old] -= 1",
    ),
)

TOKENIZATION.task(
    "10.8",
    "text.merge_quickly",
    Fault(
        "old entries of the heap taken",
        "condition",
        "if ranks.get(chain.pair(i)) != rank:",
        "if chain.pair(i) is None:",
    ),
)

TOKENIZATION.task(
    "10.9",
    "text.BPETokenizer",
    Fault(
        "unknown ids left out",
        "error not raised",
        "        for id in ids:\n"
        "            if id not in self.tokens:\n"
        "                raise _unknown_id(id, len(self))\n"
        '        return b"".join(self.tokens[id] for id in ids)',
        '        return b"".join(self.tokens[id] for id in ids if id in self.tokens)',
    ),
    Fault(
        "the remembered list grows",
        "aliasing",
        "            ids += self._known[piece]",
        "            ids = self._known[piece] if not ids else ids + self._known[piece]",
    ),
    Fault(
        "only known pieces are added",
        "condition",
        "                self._known[piece] = [self.vocab[part] for part in parts]\n"
        "            ids += self._known[piece]",
        "                self._known[piece] = [self.vocab[part] for part in parts]\n"
        "            else:\n"
        "                ids += self._known[piece]",
    ),
)

TOKENIZATION.task(
    "10.3",
    "text.best_pair",
    Fault(
        "of equals the shortest",
        "condition",
        "return min(pair for pair, times in counts.items() if times == most)",
        "return min((pair for pair, times in counts.items() if times == most),\n"
        "               key=lambda pair: (len(pair[0] + pair[1]), pair))",
    ),
)

TOKENIZATION.task(
    "10.4",
    "text.merge_pair",
    Fault(
        "the joined bytes are compared",
        "condition",
        "        if parts[i : i + 2] == pair:\n            merged",
        "        if len(parts) - i > 1 and parts[i] + parts[i + 1] == pair[0] + pair[1]:\n"
        "            merged",
    ),
)

TOKENIZATION.task(
    "10.9",
    "text.BPETokenizer",
    Fault(
        "a short text is one piece",
        "missing branch",
        "for piece in split(text):\n            if piece",
        "for piece in ([text] if 0 < len(text) < 5 else split(text)):\n            if piece",
    ),
    Fault(
        "the longest token first",
        "order",
        'merge_quickly(piece.encode("utf-8", "surrogateescape"), self.ranks)',
        'merge_quickly(piece.encode("utf-8", "surrogateescape"),\n'
        "                    {p: -len(p[0] + p[1]) for p in self.ranks})",
    ),
    Fault(
        "ids are looked for in a range",
        "condition",
        "            if id not in self.tokens:\n",
        "            if not 0 <= id < len(self):\n",
    ),
)

TOKENIZATION.task(
    "10.10",
    "text.read_merges",
    Fault(
        "any white space parts two tokens",
        "condition",
        'halves = line.split(" ")',
        "halves = line.split()",
    ),
)
