# %% [markdown]
# # Given in module 10: Tokenization
#
# What the lesson `tokenization.py` uses and nobody need write: where a text is cut into pieces, ids
# and texts that do not fit, files. It is exported before the lesson's own cells, into the same
# file. Do not edit it; `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## Pieces of a text
#
# GPT-2 (Radford et al., 2019) cuts a text into pieces before any merge, so that no token reaches
# over the end of a word: English endings such as 's; letters, digits or other signs, each with one
# space before them; white space, whose last character is left for the word that follows.
#
# The pattern speaks of Unicode's letters and numbers, which Python's `re` has no sign for. Its
# `\w` is letters, numbers and `_`; the letters among them are those that `str.isalpha` knows.

# %%
#| export text
import re
import sys
from functools import cache
from itertools import groupby

_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


@cache
def _pattern():
    """The compiled pattern. It looks at all characters of Unicode, so it is made when needed.

    A class of nothing but ranges becomes a table in `re`; one with `\\w` in it would be searched.
    """
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    ranges = {True: "", False: ""}
    for run in re.findall(r"[^\W_]+", every):
        for is_letter, part in groupby(run, str.isalpha):
            first, *rest = part
            ranges[is_letter] += f"{first}-{rest[-1]}" if rest else first
    letters, numbers = ranges[True], ranges[False]
    return re.compile(
        "'(?:[sdmt]|ll|ve|re)"
        f"| ?[{letters}]+"
        f"| ?[{numbers}]+"
        f"| ?[^{letters}{numbers}{_SPACE}]+"
        f"|[{_SPACE}]+(?![^{_SPACE}])|[{_SPACE}]+"
    )


def split(text):
    """Cut a text into pieces, as GPT-2 does. Together the pieces are the text.

    Args:
        text: str.

    Yields:
        str: one piece after the other.

    Example:
        >>> list(split("It's 1999,  he said"))
        ['It', "'s", ' 1999', ',', ' ', ' he', ' said']
    """
    return (match.group() for match in _pattern().finditer(text))


# %% [markdown]
# ## What does not fit

# %%
#| export text
from pathlib import Path


def _as_list(ids):
    """A list of ints, from a list, an array or a tensor with one dimension."""
    ids = ids.tolist() if hasattr(ids, "tolist") else list(ids)
    for id in ids:
        if not isinstance(id, int):
            raise TypeError(f"ids are whole numbers in one row; this is {id!r}")
    return ids


def _unknown_id(id, size):
    """The error for an id that no token has."""
    return IndexError(f"id {id} is outside of the vocabulary, which has {size} tokens")


def _check_text(text, instead=""):
    """Refuse what is no text, and a text that has no UTF-8 form."""
    if not isinstance(text, str):
        raise TypeError(f"encode takes a str, not {type(text).__name__}{instead}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        found = f"U+{ord(text[error.start]):04X}"
        raise ValueError(
            f"character {error.start} of the text, {found}, is half of a surrogate pair and has no "
            "UTF-8 form. Was the text decoded with the right encoding?"
        ) from error


def read_text(path):
    """The text of a UTF-8 file.

    Args:
        path: str or Path.

    Raises:
        ValueError: the file is not UTF-8; says at which byte.
    """
    raw = Path(path).read_bytes()
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text: byte {error.start} is 0x{raw[error.start]:02X}. If you "
            "know its encoding, convert it; a file that is no text goes through encode_bytes"
        ) from error


class _Vocabulary(dict):
    """Tokens and their ids; a token that is missing is an error that names it."""

    def __missing__(self, token):
        raise ValueError(f"the vocabulary has no token {token!r}: it does not fit the merges")


class _Memory(dict):
    """What is known already; forgets everything when it is full."""

    def __setitem__(self, key, value):
        if len(self) >= 2**16:
            self.clear()
        super().__setitem__(key, value)


# %% [markdown]
# ## A text to learn from

# %%
#| export text
SAMPLE = """
The lowest tide of the year is lower than any other, and the widest beach lies open. Children look
for shells, and the oldest of them knows where the newest ones are. "Lower your nets," says the
fisherman, "the water is slower here." The wider the bay, the slower the water; the slower the
water, the wider the nets. In winter the light is low and the shadows are the longest. In summer
the light is high, the shadows are shorter, and the nets are dry. The fisherman's daughter knows
the names of the winds: the coldest comes from the north, the warmest from the south, the newest
from nowhere. She writes them down, in smaller and smaller letters, and reads them to her younger
brothers. They know the oldest rhyme of the coast: slow water, low water, no water, go, daughter.
"""
