"""Makes `tests/course/gpt2/`: a small random GPT-2 of Hugging Face, and its logits.

Run it where `transformers` and PyTorch are: `python scripts/make_gpt2.py`. The files are kept, so
that the tests need neither.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import transformers

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "course" / "gpt2"


def main() -> None:
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=29, n_positions=12, n_embd=16, n_layer=2, n_head=4, initializer_range=0.3
    )
    model = transformers.GPT2LMHeadModel(config).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias") or ".ln_" in name:  # so that each of them matters
            parameter.data += 0.2 * torch.randn_like(parameter)
    ids = torch.randint(0, 29, (3, 12))
    model.save_pretrained(FOLDER)
    (FOLDER / "generation_config.json").unlink(missing_ok=True)
    with torch.no_grad():
        logits = model(ids).logits
    np.savez_compressed(FOLDER / "logits.npz", ids=ids.numpy(), logits=logits.numpy())


if __name__ == "__main__":
    main()
