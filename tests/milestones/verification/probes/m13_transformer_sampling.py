"""Probes of module 13: what `generate` writes, how often, and again with the same seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from verification.failures import Failure
from verification.probes.inputs import Array
from verification.probes.layers_in_numpy import softmax
from verification.probes.m13_transformer import MODULE
from verification.probes.probe import Kit, Probe

TOKENS, PLACES, DRAWS = 8, 3, 3000
CHANCES = np.array([0.3, 0.22, 0.17, 0.12, 0.08, 0.05, 0.04, 0.02])
NEAR = 0.05  # more than five standard deviations of a share of DRAWS


def speaker(kit: Kit) -> Any:
    """A small GPT in evaluation mode. Positions count for much, so it does not say one token."""
    config = kit.tt.models.GPTConfig(
        vocab_size=TOKENS, n_positions=PLACES, n_embd=8, n_layer=1, n_head=2,
        initializer_range=1.0,
    )  # fmt: skip
    model = kit.tt.models.GPT(config)
    places = dict(model.named_parameters())["wpe.weight"]
    places.data = 3 * np.array(places.data)
    model.eval()
    return model


def parrot(kit: Kit) -> Any:
    """One that gives the same scores whatever it reads: the logarithms of CHANCES, shuffled.

    The norm at its end is set to give (1, 0, 0, ...), which picks the first column of the table.
    """
    model = speaker(kit)
    named = dict(model.named_parameters())
    table = np.array(named["wte.weight"].data)
    table[:, 0] = np.log(kit.rng.permutation(CHANCES))
    named["wte.weight"].data = table
    named["blocks.norm.weight"].data = np.zeros(8, "f4")
    named["blocks.norm.bias"].data = np.eye(8, dtype="f4")[0]
    return model


def written(kit: Kit, model: Any, ids: Array, count: int, **how: Any) -> Array:
    return np.array(model.generate(kit.tt.tensor(ids), count, **how).data)


def last(ids: Array) -> Array:
    """The tokens that the model sees."""
    return ids[:, -PLACES:]


def next_scores(kit: Kit, model: Any, ids: Array, place: int = -1) -> Array:
    """The scores after the last token, or after another one."""
    with kit.tt.no_grad():
        found: Array = np.array(model(kit.tt.tensor(ids)).data)[:, place]
    return found


def continued(kit: Kit, model: Any, seen: Callable[[Array], Array], place: int = -1) -> Array:
    """The prompt with four most likely tokens, of a model that sees this part of a text."""
    ids = PROMPT
    for _ in range(4):
        best = next_scores(kit, model, seen(ids), place).argmax(axis=1)
        ids = np.concatenate([ids, best[:, None]], axis=1)
    return ids


PROMPT = np.array([[1, 2], [5, 0]])
SEEN: Mapping[str, tuple[Callable[[Array], Array], int]] = {
    "does it read the last n_positions tokens, not the first ones?": (
        lambda ids: ids[:, :PLACES], -1,
    ),
    "does it read n_positions tokens, not one fewer?": (lambda ids: ids[:, 1 - PLACES :], -1),
    "does it read the tokens before the last one too?": (lambda ids: ids[:, -1:], -1),
    "does it take the scores of the last position, not of the first?": (last, 0),
}  # fmt: skip


def check_greedy(kit: Kit) -> None:
    """With temperature 0: the most likely token, appended, also beyond the last position."""
    for _ in range(40):  # until no mistake would say the same, nor the same as another one
        model = speaker(kit)
        right = continued(kit, model, last)
        wrong = {question: continued(kit, model, *how) for question, how in SEEN.items()}
        if len({text.tobytes() for text in (right, *wrong.values())}) == len(wrong) + 1:
            break
    wrong |= {
        "does it write as many tokens as it is asked for, not one fewer?": right[:, :-1],
        "does it return the prompt too, not the new tokens alone?": right[:, PROMPT.shape[1] :],
    }
    found = written(kit, model, PROMPT, 4, temperature=0)
    if np.array_equal(found, right):
        return
    likely = [question for question, other in wrong.items() if np.array_equal(found, other)]
    raise Failure(
        f"`generate(ids, 4, temperature=0)`, with n_positions={PLACES}, writes other tokens than "
        "the most likely ones" + (f": {likely[0]}" if likely else "."),
        hint="Each new token is the largest logit of the last position, and the model sees the "
        "last n_positions tokens.",
        yours=str(found.tolist()), expected=str(right.tolist()),
    )  # fmt: skip


class Case(NamedTuple):
    """A way to sample, the shares it should give, and those of common mistakes."""

    how: dict[str, float]
    expected: Array
    suspects: dict[str, Array]


def kept(chances: Array, count: int) -> Array:
    """The chances of the `count` most likely tokens alone."""
    bound = np.sort(chances)[-count]
    left = np.where(chances >= bound, chances, 0)
    return np.asarray(left / left.sum())


def cases(logits: Array) -> list[Case]:
    chances = softmax(logits)
    hot, cold = softmax(logits / 2), softmax(logits / 0.5)
    so_far = np.sort(chances)[::-1].cumsum()
    middle = float((so_far[1] + so_far[2]) / 2)  # the third token reaches it
    too_hot = {"is the temperature used, and on the scores, not on probabilities?": chances}
    inverse = "does the temperature divide, not multiply?"
    return [
        Case({}, chances, {"is a token drawn, not always the most likely one?": kept(chances, 1)}),
        Case({"temperature": 2.0}, hot, {**too_hot, inverse: cold}),
        Case({"temperature": 0.5}, cold, {**too_hot, inverse: hot}),
        Case({"top_k": 3}, kept(chances, 3), {
            "is top_k ignored?": chances, "are k kept, not k + 1?": kept(chances, 4),
            "are k kept, not k - 1?": kept(chances, 2),
        }),
        Case({"top_p": middle}, kept(chances, 3), {
            "is top_p ignored?": chances,
            "is the token missing with which the sum reaches p?": kept(chances, 2),
            "does the set end with the token that reaches p, not one later?": kept(chances, 4),
            "do the most likely tokens come first, not the least likely?": from_below(
                chances, middle
            ),
            "is it the logits that are kept, not the probabilities?": as_logits(
                np.where(kept(chances, 3) > 0, chances, 0)
            ),
        }),
        first_the_temperature(logits),
    ]  # fmt: skip


def from_below(chances: Array, top_p: float) -> Array:
    """The least likely tokens that reach p together."""
    rising = np.argsort(chances)
    before = chances[rising].cumsum() - chances[rising]
    left = chances.copy()
    left[rising[before >= top_p]] = 0
    return np.asarray(left / left.sum())


def as_logits(chances: Array) -> Array:
    """Drawn as if what is kept of the probabilities were logits."""
    return softmax(np.where(chances > 0, chances, -np.inf))


def first_the_temperature(logits: Array) -> Case:
    """Hot enough that one more token is needed than of the logits as they are."""
    hot = softmax(logits / 2)
    top_p = float(np.sort(softmax(logits))[-2:].sum() - 0.01)
    count = 1 + int((np.sort(hot)[::-1].cumsum() < top_p).sum())
    late = np.where(kept(softmax(logits), 2) > 0, hot, 0)
    return Case({"temperature": 2.0, "top_p": top_p}, kept(hot, count), {
        "does the temperature come before top_p, not after it?": late / late.sum(),
    })  # fmt: skip


def check_shares(kit: Kit) -> None:
    """How often each token comes, with each setting."""
    model, ids = parrot(kit), np.full((DRAWS, 1), 2)
    kit.tt.manual_seed(int(kit.rng.integers(2**31)))
    for case in cases(next_scores(kit, model, ids[:1])[0].astype(np.float64)):
        call = f"generate(ids, 1{''.join(f', {k}={v:.3g}' for k, v in case.how.items())})"
        found = written(kit, model, ids, 1, **case.how)[:, 1]
        if found.dtype.kind not in "iu" or not ((found >= 0) & (found < TOKENS)).all():
            raise Failure(f"`{call}` wrote ids that are no tokens: {found[:5]}.")
        shares = np.bincount(found, minlength=TOKENS) / DRAWS
        if np.abs(shares - case.expected).max() <= NEAR:
            continue
        likely = [q for q, other in case.suspects.items() if np.abs(shares - other).max() < NEAR]
        if shares.max() == 1.0 and case.expected.max() < 1.0:
            likely.append("does each row get a random number of its own?")
        raise Failure(
            f"The tokens that `{call}` draws do not have the model's probabilities"
            + (f": {likely[0]}" if likely else "."),
            hint="logits / temperature, then top_k, then top_p, then a draw by the probabilities.",
            yours=str(shares.round(2)), expected=str(case.expected.round(2)),
        )  # fmt: skip


def check_seed(kit: Kit) -> None:
    """The same seed gives the same text, another one another text."""
    model, ids, texts = parrot(kit), np.zeros((20, 1), int), []
    for seed in (1, 1, 2):
        kit.tt.manual_seed(seed)
        texts.append(written(kit, model, ids, 6))
    if not np.array_equal(texts[0], texts[1]):
        raise Failure(
            "`generate`, called twice after the same `manual_seed`, wrote two texts.",
            hint="Draw from the generator that is given, or from the one that manual_seed seeds.",
        )
    if np.array_equal(texts[0], texts[2]):
        raise Failure(
            "`generate` wrote the same text after two different seeds.",
            hint="Draw from the generator that is given, or from the one that manual_seed seeds.",
        )
    if (texts[0] == texts[0][0]).all():
        raise Failure(
            "`generate` wrote the same text in all 20 rows.",
            hint="Each row needs a random number of its own.",
        )


PROBES = [
    Probe("models.GPT", MODULE, check_greedy),
    Probe("models.GPT", MODULE, check_shares),
    Probe("models.GPT", MODULE, check_seed),
]
