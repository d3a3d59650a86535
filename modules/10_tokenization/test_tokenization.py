"""Tests of module 10: what `tito module test 10` runs against your own export."""

import json
import random

import numpy as np
import pytest

from tinytorch import text as T

WORDS = {
    tuple(bytes([byte]) for byte in word): times
    for word, times in ((b"low", 5), (b"lower", 2), (b"newest", 6), (b"widest", 3))
}
MERGES = [(b"e", b"s"), (b"es", b"t"), (b"l", b"o"), (b"lo", b"w"), (b"e", b"w")]
RANKS = {pair: rank for rank, pair in enumerate(MERGES)}


def given(call, value):
    """`value`, unless it is None: then the `return` is missing."""
    assert value is not None, f"{call} gave None: is the `return` missing?"
    return value


def singles(word):
    """A word as a tuple of single bytes."""
    return tuple(bytes([byte]) for byte in word)


def refusal(call, kinds, action):
    """The message of the error that `action` must raise."""
    try:
        result = action()
    except kinds as error:
        return str(error)
    except Exception as error:
        names = " or ".join(kind.__name__ for kind in kinds)
        pytest.fail(f"{call} raised {type(error).__name__}: {error}; expected {names}", False)
    names = " or ".join(kind.__name__ for kind in kinds)
    pytest.fail(f"{call} gave {result!r}; expected {names}", False)


# ---- 10.1


def test_10_1_encode_gives_the_places_of_the_characters():
    tokenizer = T.CharTokenizer("hello")
    for text, expected in (("hole", [1, 3, 2, 0]), ("", []), ("lll", [2, 2, 2])):
        call = f"CharTokenizer('hello').encode({text!r})"
        found = given(call, tokenizer.encode(text))
        assert isinstance(found, list), f"{call} is a {type(found).__name__}, expected a list"
        assert found == expected, (
            f"{call} gave {found}, expected {expected}: the vocabulary is e h l o, ids 0 to 3"
        )


def test_10_1_a_character_without_an_id_is_shown():
    said = refusal(
        "CharTokenizer('hello').encode('hex')",
        (ValueError,),
        lambda: T.CharTokenizer("hello").encode("hex"),
    )
    assert "x" in said.replace("hex", ""), (
        f"encode('hex') says {said!r}: the message should show 'x', the character that is missing"
    )


def test_10_1_decode_is_the_way_back():
    tokenizer = T.CharTokenizer("hello")
    for ids, expected in (([0, 2, 2], "ell"), ([], ""), (np.array([1, 3]), "ho")):
        call = f"CharTokenizer('hello').decode({list(ids)})"
        found = given(call, tokenizer.decode(ids))
        assert found == expected, f"{call} gave {found!r}, expected {expected!r}"
    rng = random.Random(1)
    text = "".join(rng.choices("aé水\n \N{CHIPMUNK}", k=200))
    tokenizer = T.CharTokenizer(text)
    found = tokenizer.decode(tokenizer.encode(text))
    assert found == text, f"decode(encode(text)) is {found[:30]!r}..., the text {text[:30]!r}..."


@pytest.mark.parametrize("id", [4, -1, 1000])
def test_10_1_an_id_outside_is_refused(id):
    call = f"CharTokenizer('hello').decode([0, {id}])"
    said = refusal(call, (IndexError,), lambda: T.CharTokenizer("hello").decode([0, id]))
    assert str(id) in said, (
        f"{call} says {said!r}: raise _unknown_id(id, len(self)), which names the id; Python's own "
        "check does not, and takes -1 for the last one"
    )


# ---- 10.2


@pytest.mark.parametrize(
    "code", [0, 0x41, 0x7F, 0x80, 0xE9, 0x7FF, 0x800, 0x6C34, 0xFFFF, 0x10000, 0x1F43F, 0x10FFFF]
)
def test_10_2_the_bytes_of_a_character(code):
    call = f"utf8(chr(0x{code:X}))"
    found, expected = given(call, T.utf8(chr(code))), chr(code).encode()
    assert isinstance(found, bytes), f"{call} is a {type(found).__name__}, expected bytes"
    assert len(found) == len(expected), (
        f"{call} has {len(found)} bytes, expected {len(expected)}: look at the limits of the table"
    )
    assert found == expected, (
        f"{call} gave {found.hex(' ')}, expected {expected.hex(' ')}: the mark in the first byte, "
        "0x80 in the others, six bits in each of those, the highest first"
    )


# ---- 10.3


def test_10_3_pairs_are_counted_as_often_as_their_word():
    found = given("count_pairs(words)", T.count_pairs(WORDS))
    for pair, times in (((b"l", b"o"), 7), ((b"w", b"e"), 8), ((b"e", b"s"), 9), ((b"w", b"i"), 3)):
        assert found.get(pair) == times, (
            f"count_pairs of the four words of the page has {pair}: {found.get(pair)}, expected "
            f"{times}: each word counts as often as it occurs"
        )
    assert (b"w", b"n") not in found, "a pair stands within one word; (w, n) is in two"
    number = len(found)
    assert number == 11, f"count_pairs of the four words has {number} pairs, expected 11"


def test_10_3_the_same_pair_twice_in_a_word():
    found = dict(given("count_pairs", T.count_pairs({singles(b"aaa"): 2, singles(b"b"): 9})))
    assert found == {(b"a", b"a"): 4}, (
        f"count_pairs of aaa, 2 times, and b, 9 times, is {found}, expected (a, a): 4. It stands "
        "in aaa at two places, and a single token has no pair"
    )


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({(b"s", b"t"): 9, (b"e", b"s"): 9, (b"a", b"b"): 8}, (b"e", b"s")),
        ({(b"a", b"b"): 1, (b"z", b"z"): 2}, (b"z", b"z")),
        ({(b"es", b"t"): 3, (b"es", b"a"): 3, (b"e", b"z"): 3}, (b"e", b"z")),
        ({(b"s", b"t"): 3, (b"es", b"ting"): 3}, (b"es", b"ting")),
    ],
)
def test_10_3_the_best_pair_is_the_most_frequent_then_the_smallest(counts, expected):
    found = given("best_pair", T.best_pair(counts))
    assert found == expected, (
        f"best_pair({counts}) is {found}, expected {expected}: the largest number, and of several "
        "the smallest pair"
    )


# ---- 10.4


@pytest.mark.parametrize(
    ("parts", "pair", "expected"),
    [
        (singles(b"newest"), (b"e", b"s"), (b"n", b"e", b"w", b"es", b"t")),
        (singles(b"aaaaa"), (b"a", b"a"), (b"aa", b"aa", b"a")),
        (singles(b"abab"), (b"a", b"b"), (b"ab", b"ab")),
        ((b"n", b"es", b"t"), (b"es", b"t"), (b"n", b"est")),
        (singles(b"aab"), (b"a", b"b"), (b"a", b"ab")),
        (singles(b"ba"), (b"a", b"b"), (b"b", b"a")),
        ((b"l", b"ow", b"lo", b"w"), (b"lo", b"w"), (b"l", b"ow", b"low")),
        ((b"a",), (b"a", b"a"), (b"a",)),
    ],
)
def test_10_4_a_pair_becomes_one_token(parts, pair, expected):
    call = f"merge_pair({parts}, {pair})"
    found = given(call, T.merge_pair(parts, pair))
    assert isinstance(found, tuple), f"{call} is a {type(found).__name__}, expected a tuple"
    assert b"".join(found) == b"".join(parts), (
        f"{call} gave {found}: together they are {b''.join(found)}, before {b''.join(parts)}"
    )
    assert found == expected, (
        f"{call} gave {found}, expected {expected}: every occurrence of these two tokens, from "
        "left to right"
    )


# ---- 10.5


def test_10_5_the_merges_in_their_order():
    words = dict(WORDS)
    found = given("learn_merges(words, 5)", T.learn_merges(words, 5))
    assert list(found) == MERGES, (
        f"learn_merges of the four words of the page, 5, is {found}, expected {MERGES}"
    )
    assert words == WORDS, "learn_merges changed the dictionary that it was given: make a new one"
    found = T.learn_merges(words, 0)
    assert found == [], f"learn_merges(words, 0) is {found}, expected []"


def test_10_5_it_stops_where_no_pair_occurs_twice():
    found = T.learn_merges({singles(b"abc"): 1, singles(b"abd"): 1}, 9)
    assert found == [(b"a", b"b")], (
        f"learn_merges of abc and abd, once each, is {found}, expected [(a, b)]: all other pairs "
        "occur once, and save nothing"
    )
    try:
        found = T.learn_merges({singles(b"ab"): 4}, 9)
    except ValueError as error:
        pytest.fail(
            f"learn_merges of ab, 4 times, 9 merges, stopped with: {error}. After the first merge "
            "no pair is left: end there",
            pytrace=False,
        )
    assert found == [(b"a", b"b")], f"learn_merges of ab, 4 times, is {found}: then nothing is left"


# ---- 10.6


def assert_up_to_date(table, after):
    """The table's counts and places are what a new table would have."""
    words = {tuple(parts): times for parts, times in table.words}
    fresh = T.PairTable(words)
    mine = {pair: times for pair, times in table.counts.items() if times}
    for pair in mine.keys() | fresh.counts.keys():
        assert mine.get(pair, 0) == fresh.counts[pair], (
            f"{after}: counts[{pair}] is {mine.get(pair, 0)}, in the words {words} it is "
            f"{fresh.counts[pair]}"
        )
        assert table.where[pair] == fresh.where[pair], (
            f"{after}: where[{pair}] is {table.where[pair]}, expected {fresh.where[pair]}: the "
            "words that have the pair now"
        )


@pytest.mark.parametrize(
    ("words", "pair"),
    [
        (WORDS, (b"e", b"s")),
        (WORDS, (b"w", b"e")),
        ({singles(b"aaaa"): 3, singles(b"baab"): 2}, (b"a", b"a")),
        ({singles(b"abcab"): 2, singles(b"ab"): 5}, (b"a", b"b")),
    ],
)
def test_10_6_words_counts_and_places_after_a_merge(words, pair):
    table = T.PairTable(words)
    table.merge(pair)
    expected = [[list(T.merge_pair(parts, pair)), times] for parts, times in words.items()]
    found = [[[bytes(part) for part in parts], int(times)] for parts, times in table.words]
    assert found == expected, f"merge({pair}): the words are {found}, expected {expected}"
    assert_up_to_date(table, f"after merge({pair})")


def test_10_6_the_same_merges_as_the_long_way():
    rng = random.Random(3)
    drawn = [singles(bytes(rng.choices(b"abcd", k=rng.randint(1, 9)))) for _ in range(60)]
    words = {parts: number % 5 + 1 for number, parts in enumerate(drawn)}
    found, expected = T.PairTable(words).learn(25), T.learn_merges(words, 25)
    assert found == expected, f"PairTable(words).learn(25) is {found}, learn_merges: {expected}"


def test_10_6_only_words_with_the_pair_are_looked_at():
    table = T.PairTable(WORDS)
    untouched = table.words[0]
    table.words[0] = None  # "low" has no e
    try:
        table.merge((b"e", b"s"))
    except TypeError:
        pytest.fail("merge((e, s)) looked at the word low: where[pair] has the places", False)
    table.words[0] = untouched


# ---- 10.7


RANKED = [
    (b"lowest", RANKS, [b"low", b"est"]),
    (b"newer", RANKS, [b"n", b"ew", b"e", b"r"]),
    (b"", RANKS, []),
    (b"x", RANKS, [b"x"]),
    (b"abab", {(b"b", b"a"): 1, (b"a", b"b"): 0}, [b"ab", b"ab"]),
    (b"abab", {(b"b", b"a"): 0, (b"a", b"b"): 1}, [b"a", b"ba", b"b"]),
    (b"aaaaa", {(b"a", b"a"): 0, (b"aa", b"aa"): 1}, [b"aaaa", b"a"]),
    # what a merge makes may have a lower rank than the merge itself
    (b"aaab", {(b"a", b"a"): 5, (b"aa", b"a"): 2, (b"a", b"b"): 3}, [b"aa", b"ab"]),
    (b"aaaa", {(b"a", b"a"): 5, (b"aa", b"a"): 2}, [b"aaa", b"a"]),
]


@pytest.mark.parametrize(("piece", "ranks", "expected"), RANKED)
def test_10_7_the_lowest_rank_first_then_the_leftmost(piece, ranks, expected):
    call = f"merge_piece({piece}, {ranks})"
    found = list(given(call, T.merge_piece(piece, ranks)))
    assert found == expected, (
        f"{call} gave {found}, expected {expected}: in each step the pair of the lowest rank, of "
        "equals the leftmost, and that one only"
    )


# ---- 10.8


def test_10_8_join_closes_the_gap():
    chain = T._Chain(b"lower")
    for i, parts, after, before in (
        (2, [b"l", b"o", b"we", None, b"r"], {0: 1, 1: 2, 2: 4, 4: 5}, {0: -1, 1: 0, 2: 1, 4: 2}),
        (0, [b"lo", None, b"we", None, b"r"], {0: 2, 2: 4, 4: 5}, {0: -1, 2: 0, 4: 2}),
        (2, [b"lo", None, b"wer", None, None], {0: 2, 2: 5}, {0: -1, 2: 0}),
    ):
        chain.join(i)
        assert chain.parts == parts, f"lower, join({i}): parts is {chain.parts}, expected {parts}"
        for name, expected in (("after", after), ("before", before)):
            found = {place: getattr(chain, name)[place] for place in expected}
            assert found == expected, (
                f"lower, join({i}): {name} is {found} at the places that are left, expected "
                f"{expected}"
            )


def test_10_8_the_same_tokens_as_the_long_way():
    for piece, ranks, expected in RANKED:
        call = f"merge_quickly({piece}, {ranks})"
        found = given(call, T.merge_quickly(piece, ranks))
        assert found == expected, f"{call} gave {found}, expected {expected}, as merge_piece does"
    rng = random.Random(4)
    for _ in range(200):
        pairs = [(a, b) for a in (b"a", b"b", b"ab", b"aa") for b in (b"a", b"b", b"ba", b"ab")]
        rng.shuffle(pairs)
        ranks = {pair: rank for rank, pair in enumerate(pairs[:7])}
        piece = bytes(rng.choices(b"ab", k=12))
        found, expected = T.merge_quickly(piece, ranks), T.merge_piece(piece, ranks)
        assert found == expected, (
            f"merge_quickly({piece}, {ranks}) gave {found}, merge_piece {expected}. After a join "
            "both neighbors are new pairs, and an entry of the heap may be out of date"
        )


def test_10_8_a_long_piece_needs_few_look_ups():
    class Counting(dict):
        asked = 0

        def get(self, pair, default=None):
            Counting.asked += 1
            return super().get(pair, default)

        def __contains__(self, pair):
            Counting.asked += 1
            return super().__contains__(pair)

    T.merge_quickly(b"lowest" * 500, Counting(RANKS))
    assert Counting.asked < 30_000, (
        f"merge_quickly of 3,000 bytes asked for {Counting.asked} pairs, expected about 10,000: "
        "after a join only two pairs are new"
    )


# ---- 10.9


def tokenizer_of(special=()):
    return T.BPETokenizer(MERGES, special_tokens=special)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("low", [259]),
        ("lowest", [259, 257]),
        ("low low", [259, 32, 259]),
        ("", []),
        ("é", [0xC3, 0xA9]),
    ],
)
def test_10_9_ids_of_a_text(text, expected):
    call = f"BPETokenizer(merges).encode({text!r})"
    for time in ("", ", the second time"):
        tokenizer = tokenizer_of()
        found = given(call, tokenizer.encode(text))
        if time:
            found = tokenizer.encode(text)
        assert found == expected, f"{call}{time} gave {found}, expected {expected}"


def test_10_9_merges_stay_within_a_piece():
    found = T.BPETokenizer([(b"w", b" "), (b"w", b",")]).encode("low low,")
    expected = list(b"low low,")
    assert found == expected, (
        f"with the merges (w, space) and (w, comma), encode('low low,') gave {found}, expected "
        f"{expected}: split(text) cuts between them"
    )


def test_10_9_also_in_a_short_text_merges_stay_within_a_piece():
    for text, merge in (("a b", (b"a", b" ")), ("a,", (b"a", b","))):
        found, expected = T.BPETokenizer([merge]).encode(text), list(text.encode())
        assert found == expected, (
            f"with the merge {merge}, encode({text!r}) gave {found}, expected {expected}: "
            "split(text) cuts between them"
        )


def test_10_9_the_order_of_the_merges_decides():
    for merges, text, expected in (
        ([(b"b", b"c"), (b"a", b"b")], "abc", [97, 256]),
        ([(b"a", b"b"), (b"c", b"d"), (b"d", b"e"), (b"de", b"f")], "cdef", [257, 101, 102]),
    ):
        found = T.BPETokenizer(merges).encode(text)
        assert found == expected, (
            f"with the merges {merges}, in this order, encode({text!r}) gave {found}, expected "
            f"{expected}: hand self.ranks to merge_quickly"
        )


@pytest.mark.in_process
def test_10_9_pieces_are_remembered(monkeypatch):
    calls = []

    def counting(piece, ranks, merge=T.merge_quickly):
        calls.append(piece)
        return merge(piece, ranks)

    monkeypatch.setattr(T, "merge_quickly", counting)
    tokenizer = tokenizer_of()
    tokenizer.encode("low low low low")
    tokenizer.encode("low low")
    assert len(calls) == 2, (
        f"encode('low low low low') and encode('low low') merged {calls}, expected each once: "
        "keep its ids in self._known"
    )


def test_10_9_a_piece_that_was_remembered_stays_as_it_was():
    tokenizer = tokenizer_of()
    for call, encode, piece in (
        ("encode('low')", tokenizer.encode, "low"),
        ("encode_bytes(b'low')", tokenizer.encode_bytes, b"low"),
    ):
        encode(piece).append(7)
        found = encode(piece)
        assert found == [259], (
            f"after the caller appended 7 to the list of {call}, {call} is {found}: give a new "
            "list, not the one in self._known"
        )


def test_10_9_round_trip_of_any_text():
    rng, tokenizer = random.Random(5), tokenizer_of(["<|endoftext|>"])
    codes = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    for text in (
        "".join(map(chr, rng.choices(codes, k=300))),
        "".join(rng.choices("lowest é水\n\t '_1", k=300)),
        "low<|endoftext|>est<|endoftext|>",
    ):
        found = given("decode", tokenizer.decode(tokenizer.encode(text)))
        assert found == text, f"decode(encode(text)) is {found[:40]!r}, the text {text[:40]!r}"


def test_10_9_round_trip_of_any_bytes():
    tokenizer = tokenizer_of()
    for data in (bytes(range(256)), b"\xff low \xc3", bytes(range(255, -1, -1))):
        found = given("decode_bytes", tokenizer.decode_bytes(tokenizer.encode_bytes(data)))
        assert isinstance(found, bytes), f"decode_bytes gave a {type(found).__name__}"
        assert found == data, (
            f"decode_bytes(encode_bytes(data)) is {found[:20]}..., data is {data[:20]}...: bytes "
            'that are no text pass through piece.encode("utf-8", "surrogateescape")'
        )


@pytest.mark.parametrize("id", [261, -1])
def test_10_9_an_id_outside_is_refused(id):
    call = f"decode_bytes([108, {id}]), with 261 tokens,"
    said = refusal(call, (IndexError,), lambda: tokenizer_of().decode_bytes([108, id]))
    assert str(id) in said, f"{call} says {said!r}: raise _unknown_id(id, len(self))"


def test_10_9_ids_need_not_follow_each_other():
    tokenizer = T.BPETokenizer([], vocab={b"a": 5, b"b": 900})
    try:
        found = tokenizer.decode_bytes([900, 5])
    except IndexError as error:
        raise AssertionError(
            f"the ids of b and a are 900 and 5; decode_bytes([900, 5]) raised: {error}. An id may "
            "be larger than the number of tokens: ask whether it is in self.tokens"
        ) from None
    assert found == b"ba", f"the ids of b and a are 900 and 5; decode_bytes([900, 5]) is {found}"
    said = refusal("decode_bytes([6]), an id in a gap,", (IndexError,),
                   lambda: tokenizer.decode_bytes([6]))  # fmt: skip
    assert "6" in said, f"decode_bytes([6]) says {said!r}: raise _unknown_id(id, len(self))"


def test_10_9_what_is_no_text_is_refused():
    tokenizer = tokenizer_of()
    said = refusal("encode(b'low')", (TypeError,), lambda: tokenizer.encode(b"low"))
    assert "encode_bytes" in said
    said = refusal("encode of half a pair", (ValueError,), lambda: tokenizer.encode("a\ud800"))
    assert "U+D800" in said


# ---- 10.10


def test_10_10_the_letters_of_the_bytes():
    found = given("byte_letters()", T.byte_letters())
    assert sorted(found) == list(range(256)), (
        f"byte_letters() has {len(found)} keys, expected the ints 0 to 255"
    )
    assert len(set(found.values())) == 256, "byte_letters(): two bytes have the same letter"
    for byte, code in (
        (0, 256), (10, 266), (32, 288), (33, 33), (65, 65), (126, 126), (127, 289), (160, 322),
        (161, 161), (172, 172), (173, 323), (174, 174), (255, 255),
    ):  # fmt: skip
        assert found[byte] == chr(code), (
            f"byte_letters()[{byte}] is chr({ord(found[byte])}), expected chr({code})"
        )


def test_10_10_merges_are_read():
    lines = ["#version: 0.2", "l o", "lo w", "# #", "\u0120 t", "\u00c3 \u00a9", ""]
    found = given("read_merges", T.read_merges(lines))
    expected = [(b"l", b"o"), (b"lo", b"w"), (b"#", b"#"), (b" ", b"t"), (b"\xc3", b"\xa9")]
    assert list(found) == expected, (
        f"read_merges({lines}) gave {found}, expected {expected}: only #version and empty lines "
        "are passed over, and letters become bytes"
    )


@pytest.mark.parametrize("line", ["lo", "l o w", "l ", " o", "l  o"])
def test_10_10_a_damaged_line_is_named(line):
    call = f"read_merges(['#version: 0.2', 'a b', {line!r}])"
    said = refusal(call, (ValueError,), lambda: T.read_merges(["#version: 0.2", "a b", line]))
    assert "3" in said, f"{call} says {said!r}: the message should name line 3, counted from 1"
    assert line in said, f"{call} says {said!r}: the message should show the line"


def test_10_10_files_bring_the_same_tokenizer_back(tmp_path):
    text = "low lower, lowest: é水 <|endoftext|>new"
    before = T.BPETokenizer.train(T.SAMPLE, 300, special_tokens=["<|endoftext|>"])
    before.save(tmp_path)
    after = T.BPETokenizer.from_pretrained(tmp_path)
    assert after.encode(text) == before.encode(text), "after save and from_pretrained ids differ"
    assert after.special_tokens == ("<|endoftext|>",)


# Ids that Hugging Face's tokenizers 0.23.3 gives with these merges, for the pieces of GPT-2.
def test_10_10_the_ids_of_another_library(tmp_path):
    vocab = {letter: byte for byte, letter in T.byte_letters().items()}
    vocab |= {"es": 256, "est": 257, "lo": 258, "low": 259, "ew": 260, "\u0120n": 261}
    (tmp_path / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    lines = ["#version: 0.2", "e s", "es t", "l o", "lo w", "e w", "\u0120 n"]
    (tmp_path / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    tokenizer = T.BPETokenizer.from_pretrained(tmp_path)
    for text, expected in RECORDED.items():
        found = tokenizer.encode(text)
        assert found == expected, f"encode({text!r}) gave {found}, tokenizers gives {expected}"


RECORDED = {
    "The lowest, newest low": [84, 104, 101, 32, 259, 257, 44, 261, 260, 257, 32, 259],
    "it's  new\n\n new  ": [105, 116, 39, 115, 32, 261, 260, 10, 10, 261, 260, 32, 32],
    "low_1\xb2 \u2167\xe9\u6c34": [
        259, 95, 49, 194, 178, 32, 226, 133, 167, 195, 169, 230, 176, 180
    ],
    "it\u3000new\x1cnew": [105, 116, 227, 128, 128, 110, 260, 28, 110, 260],
}  # fmt: skip
