"""Fresh pictures as tokens, for the transformer."""

import torch

from sprites.data import CODES_SEED, PART, load_pictures, parts, to_range
from sprites.recipe import Recipe
from sprites.run import Alarm, Run
from sprites.train_tokenizer import load_tokenizer
from vpg.models.vqvae import Vqvae

BATCH = 250


@torch.no_grad()
def encode(tokenizer: Vqvae, pictures: torch.Tensor, device: str) -> torch.Tensor:
    batches = [tokenizer.encode(to_range(batch, device)) for batch in pictures.split(BATCH)]
    return torch.cat(batches).to(torch.int16).cpu()


def make_codes(run: Run, recipe: Recipe) -> None:
    """Write codes.pt (fresh pictures and those of the tokenizer's training) and codes-test.pt."""
    if run.path("codes-test.pt").exists():
        return
    tokenizer = load_tokenizer(run, recipe)
    state = run.load("codes-state.pt") or {"tokens": [], "labels": []}
    all_tokens, all_labels = state["tokens"], state["labels"]
    done, save = len(all_labels), Alarm(recipe.save_seconds)
    run.log(f"codes begin with part {done}")
    for pictures, labels in parts(recipe.coded_pictures - done * PART, CODES_SEED + done):
        all_tokens.append(encode(tokenizer, torch.from_numpy(pictures), recipe.device))
        all_labels.append(torch.from_numpy(labels))
        if len(all_labels) % 10 == 0:
            run.log(f"codes {len(all_labels) * PART}/{recipe.coded_pictures}")
        if save.rings():
            run.save("codes-state.pt", state)
    pictures, labels = load_pictures(run, "pictures.pt")
    all_tokens.append(encode(tokenizer, pictures, recipe.device))
    all_labels.append(labels)
    run.save("codes.pt", {"tokens": torch.cat(all_tokens), "labels": torch.cat(all_labels)})
    pictures, labels = load_pictures(run, "test.pt")
    run.save("codes-test.pt", {"tokens": encode(tokenizer, pictures, recipe.device), "labels": labels})
