"""How near to its world a member is, before anything is sampled: python -m scenes.losses MEMBER[@CHECKPOINT] ...

Nats a token on the 1,000 fresh pictures that its codes were drawn with, teacher-forced. A line a member goes to
docs/evaluation/scenes/losses.jsonl; a member that has one is left out.
"""

from scenes.codes import load_codes
from scenes.folder import FIGURES, parser_of
from scenes.recipe import recipe
from scenes.records import Records, command
from scenes.series import Series
from sprites.train_transformer import nats_of


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("members", nargs="+")
    arguments = parser.parse_args()
    records = Records(FIGURES / "losses.jsonl")
    for name in arguments.members:
        if records.has({"member": name}):
            continue
        series = Series.opened(arguments, name)
        member, tokenizer = series.member, series.tokenizer
        stored = load_codes(series.run, tokenizer, member.world, recipe(member.side, member.size).coded_pictures)
        nats_L = nats_of(series.var(), tokenizer.quantize, stored["fresh"], stored["fresh_labels"])
        parameters = sum(parameter.numel() for parameter in series.var().parameters())
        found = {"nats": nats_L.mean().item(), "parameters": parameters}
        records.add({"member": name, "command": command()}, found)
        series.run.log(f"{name}: {found['nats']:.3f} nats a token")


if __name__ == "__main__":
    main()
