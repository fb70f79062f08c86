"""Training of one transformer of the series: python -m scenes.train_transformer m-r0.5-800 (or l64-r0.3-5000, of
64 x 64 pictures); run it again to go on.

Averaged weights are kept at a sixteenth, a quarter and half of the way too: training length comes for free. The rate is
flat until half, then falls to 0, so an earlier checkpoint is one of a training that never cooled down.
"""

import torch
import torch.nn.functional as F

from scenes.codes import load_codes
from scenes.folder import open_run, parser_of
from scenes.recipe import CHECKPOINTS, Member, recipe
from scenes.series import parse_label
from sprites.optimizer import Optimizer
from sprites.recipe import Recipe
from sprites.run import Alarm, Epochs, Run, warmup_stable_decay
from sprites.train_tokenizer import load_tokenizer
from sprites.train_transformer import STAGE, averaged_copy, batch_of, new_transformer, test

AVERAGE = 0.995


def train_transformer(run: Run, member: Member, plan: Recipe) -> None:
    """Writes MEMBER.pt and MEMBER@CHECKPOINT.pt."""
    if run.path(f"{member.name}.pt").exists():
        return
    tokenizer = load_tokenizer(run, plan)
    quantizer = tokenizer.quantize
    stored = load_codes(run, tokenizer, member.world, plan.coded_pictures)
    torch.manual_seed(run.seed)
    model = new_transformer(plan)
    optimizer = Optimizer(model, AVERAGE, plan.bf16)
    parts = {"model": model, "optimizer": optimizer}
    steps, first = member.steps, run.resume(member.name, parts)
    run.log(f"{member.name}: {sum(p.numel() for p in model.parameters())} parameters")
    epochs = Epochs(len(stored["labels"]), plan.transformer_batch, run.seed)
    save, running = Alarm(plan.save_seconds), None
    kept = {round(share * steps): member.label(share) for share in CHECKPOINTS} | {steps: member.name}

    @torch.compile
    def loss_of(label_B: torch.Tensor, maps_BlC: torch.Tensor, token_BL: torch.Tensor) -> torch.Tensor:
        with torch.autocast(plan.device, torch.bfloat16, enabled=plan.bf16):
            logits_BLV = model(label_B, maps_BlC)
        return F.cross_entropy(logits_BLV.float().flatten(0, 1), token_BL.flatten())

    for step in range(first, steps):
        token_BL, label_B = batch_of(stored, epochs.at(step), plan.var.classes, run.generator(STAGE, step))
        with torch.no_grad():
            maps_BlC, _ = quantizer.decode(token_BL)
        loss = loss_of(label_B, maps_BlC, token_BL)
        loss.backward()
        optimizer.step(step, warmup_stable_decay(step, steps, warmup=100, decay=0.5))
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        if step % 50 == 0:
            run.log(f"{member.name} {step}/{steps} loss {running:.4f}")
        if save.rings():
            run.keep(member.name, step + 1, parts)
        if name := kept.get(step + 1):
            average = averaged_copy(model, optimizer)
            test(run, name, average, quantizer, stored["fresh"], stored["fresh_labels"])
            run.save(f"{name}.pt", average.state_dict())


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("member", help="size (s, m, l), side where it is not 32, richness, steps: s-r0.5-800")
    arguments = parser.parse_args()
    member, _ = parse_label(arguments.member)
    train_transformer(open_run(arguments, member.side), member, recipe(member.side, member.size))


if __name__ == "__main__":
    main()
