"""The model card, from what the training and the sweep left behind: python -m sprites.card RUN_FOLDER [--judgement F].

The judgement is a Markdown file, written by hand: what a blind count (sprites.sheets, sprites.tally) found, what one
thinks of the pictures, and why the defaults are what they are. The defaults are read from the catalogue.
"""

import argparse
import json
from pathlib import Path

import torch.nn as nn

from sprites.evaluate import BANK
from sprites.figures import Figures
from sprites.history import STAGES, History, parse_history
from sprites.pair import Pair, load_pair
from sprites.run import Run
from sprites.setting import Setting
from sprites.tables import ENOUGH_SEEDS, NEAR, floor_rows, setting_rows, suggested, table, verdict, vpg_table

ROOT = Path(__file__).parents[3]
CATALOGUE = ROOT / "src" / "catalogue" / "var-sprites.json"
UNJUDGED = "*(No pictures were judged by eye yet.)*"
OUT = ROOT / "kernels" / "weights" / "var-sprites" / "README.md"
MEASURES = """\
- **FD 1, FD 2**: Fréchet distance on the 64 features of two classifiers that were trained for measuring only, other
  widths, pictures and seeds; each has its own scale, so compare within a column and with the floor. **low FD**: on
  middle features, averaged over the picture. Both fall with the number of pictures: only equal counts compare.
- **Oddness**: every 8 x 8 patch against its nearest one at that place in {bank:,} reconstructed real pictures, in
  units of what is usual there, root mean square. **outliers**: the share of pictures whose oddness is above 1 (about
  where one begins to see it) and above that of 99% of the reconstructions of their class. Reacts to smudges, wrong
  colours and misplaced parts; blind to parts that are right alone and wrong together, and it rewards the ordinary: read
  it with recall and FD.
- **P, R, D, C**: precision, recall, density, coverage (k = 5). **acc.**: taken for the class asked. Blind here: in a
  trial a model of three minutes, most of its pictures visibly broken, had 99.6%.
"""


def default_setting(catalogue: dict) -> Setting:
    given = catalogue["defaults"]
    vpg = given["vpg"] or {"scale": 0, "schedule": "constant", "corruption": {"ratio": 0}}
    return Setting(
        float(given["guidance_scale"]), float(given["temperature"]), given["top_k"], float(given["top_p"]),
        float(vpg["scale"]), vpg["schedule"], float(vpg["corruption"]["ratio"]),
    )  # fmt: skip


def count_of(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def introduction(pair: Pair, classes: list[str]) -> str:
    config = pair.var.config
    scales = ", ".join(map(str, config.scales))
    return f"""# var-sprites

A small VAR (arXiv 2404.02905) that draws flat 64 x 64 illustrations of ten classes: {", ".join(classes)}.
It is vpg-edge's built-in model: trained from scratch on a procedural world of our own, nothing downloaded.

| part | parameters | what |
| --- | --- | --- |
| tokenizer | {count_of(pair.tokenizer):,} | multi-scale residual VQ, scales {scales} = {config.bounds[-1]} tokens, \
{config.vocab} codes of {config.code_dim} dimensions |
| transformer | {count_of(pair.var):,} | width {config.width}, depth {config.depth}, {config.heads} heads, \
AdaLN for the class, label dropout 0.1 for classifier-free guidance |

Weights are half precision; `step.onnx` and `decode.onnx` point into them."""


def training(history: History, seed: int) -> str:
    """Data, recipe and the figures of the log."""
    get = history.recipe.get
    minutes = ", ".join(f"{stage} {history.minutes[stage]:.0f}" for stage in STAGES if stage in history.minutes)
    text = f"""## Data and training

All pictures are drawn by `sprites.world` from (count, seed, size): {get("pictures", "?")} for the features and the
tokenizer, {get("coded_pictures", "?")} fresh ones and those again, as tokens, for the transformer, 2000 others for the
tests. The world has 16,798 different pictures, so most of the tests' occur in training too: the figures below say how
well their distribution is learnt, not how the model fares with pictures it never saw. Licence: the project's. One
command, from seed {seed}, resumed after any kill:

    cd kernels/gpu && python -m sprites.train --seed {seed}

Tokenizer: {get("tokenizer_steps", "?")} steps of {get("tokenizer_batch", "?")}, AdamW, L1 + L2 + edges + features of a
classifier, codebook by moving averages; one picture in three is decoded from its first scales alone, by L1 + L2, so
that coarse scales say what is seen from afar. The first scales are one token each: positions of a scale are drawn blind
to each other, so what the parts of a picture must agree on is drawn before there are parts.
Transformer: {get("transformer_steps", "?")} steps of
{get("transformer_batch", "?")}, Muon for the matrices and AdamW for the rest, averaged weights; a
token of a scale of side s weighs 1 / s.
Minutes by the log: {minutes or "no log"}."""
    if history.changed:
        changes = "; ".join(f"`{name}` {' then '.join(values)}" for name, values in history.changed.items())
        text += f"""

**The run was restarted with other numbers on the way** ({changes}), so the command above, run afresh, gives a model of
the same recipe and not these very weights."""
    if history.tokenizer:
        t = history.tokenizer
        text += f"""

| on fresh draws | |
| --- | --- |
| tokenizer PSNR | {t["psnr"]} dB, worst of 500 {t["worst"]} dB, {t["codes"]} codes in use, \
perplexity {t["perplexity"]} |"""
    if history.nats is not None:
        by_scale = ", ".join(f"{nats:.3f}" for nats in history.nats_by_scale)
        text += f"""
| transformer test loss | {history.nats:.4f} nats a token; by scale {by_scale}; \
{history.nats_a_picture:.1f} a picture |"""
    return text


def sampling(figures: Figures, default: Setting, judgement: str) -> str:
    chosen = suggested(figures)
    rule = "No setting has enough seeds yet." if chosen is None else f"It gives **{chosen.label}**."
    measured = figures.by_setting().get(default)
    row = [(f"**defaults: {default.label}**", measured)] if measured else []
    return f"""## Figures

{figures.stamp["count"]} pictures a set, float32 PyTorch on these half-precision weights; mean ± standard deviation over
seeds.

{table([*floor_rows(figures), *row])}

{MEASURES.format(bank=figures.stamp["bank"])}
## Defaults

**{default.label}** (`src/catalogue/var-sprites.json`). The rule: of the settings with at least {ENOUGH_SEEDS} seeds
whose FD is within {NEAR:g} times the least by both judges, the one with the least outliers. {rule}

{judgement}

## What VPG does here

{verdict(figures)}

{vpg_table(figures)}

Differences seed by seed, ± standard error, outliers in per cent points; bold: {ENOUGH_SEEDS} seeds or more, and beyond
what chance gives one time in twenty (Student's t).

## The sweep

{table([*floor_rows(figures), *setting_rows(figures)])}

VPG: strength, schedule, n_p; falling is the ramp backwards (from 1 to 0); corruption of kind `embedding`."""


def reproduction(run_folder: str, figures: Figures, seeds: list[int]) -> str:
    sets = f"--count {figures.stamp['count']} --bank {figures.stamp['bank']}"
    return f"""## Make these figures again

    cd kernels/gpu
    python -m sprites.sweep {run_folder} {sets}
    python -m sprites.sheets {run_folder} sheets --settings settings.json --count 200
    python -m sprites.tally sheets-key.json flawed.txt
    python -m sprites.card {run_folder} {sets} --judgement judgement.md

Seeds {seeds or "none yet"}: picture i of a set is picture i of a request with that `seed`, of class i mod 10 (the last
digit of a logit may differ between PyTorch and the endpoint's ONNX, and with it a token).
Weights: {figures.stamp["weights"]}.
"""


def write_card(run_folder: Path, evaluation: Path, count: int, judgement: str, bank: int, log: Path) -> str:
    pair = load_pair(run_folder)
    figures = Figures(evaluation / "sweep.jsonl", pair.digest, count, bank)
    catalogue = json.loads(CATALOGUE.read_text())
    published = run_folder / "config.json"
    seed = json.loads(published.read_text())["seed"] if published.exists() else 0
    seeds = sorted({line.cell.seed for lines in figures.by_setting().values() for line in lines})
    parts = [
        introduction(pair, catalogue["condition"]["classes"]),
        training(parse_history(log.read_text() if log.exists() else ""), seed),
        sampling(figures, default_setting(catalogue), judgement),
        reproduction("RUN_FOLDER", figures, seeds),
    ]
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_folder", type=Path)
    parser.add_argument("--judgement", type=Path)
    parser.add_argument("--count", type=int, default=1000, help="of the sweep's sets")
    parser.add_argument("--bank", type=int, default=BANK, help="of the sweep")
    parser.add_argument("--log", type=Path, help="of the training; default RUN_FOLDER/train.log")
    parser.add_argument("--cache", type=Path, help="where sweep.jsonl is; default RUN_FOLDER/evaluation")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    folder = arguments.run_folder
    judgement = arguments.judgement.read_text().strip() if arguments.judgement else UNJUDGED
    evaluation, log = arguments.cache or folder / "evaluation", arguments.log or folder / "train.log"
    arguments.out.write_text(write_card(folder, evaluation, arguments.count, judgement, arguments.bank, log))
    Run(evaluation, seed=0).log(f"written: {arguments.out}")


if __name__ == "__main__":
    main()
