"""A trained member as a built-in model's checkpoint: python -m scenes.publish l64-r0.3-5000 OUTDIR.

OUTDIR gets config.json and both models' weights in half precision, as sprites.publish leaves them; sprites.export
makes the endpoint's files of it. A label with @0.5 publishes the training's state at half of its way.
"""

from pathlib import Path

from scenes.folder import parser_of
from scenes.kinds import NAMES
from scenes.recipe import recipe
from scenes.series import Series
from sprites.publish import config_of, write_published
from sprites.run import Run

ID = "var-scenes"


def publish(series: Series, out: Path) -> None:
    """Raises FileNotFoundError where the training has not come so far."""
    member, seed = series.member, series.run.seed
    config = {"id": ID, **config_of(recipe(member.side, member.size), NAMES, seed)}
    write_published(Run(out, seed), series.tokenizer.state_dict(), series.var().state_dict(), config)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("member", help="its label")
    parser.add_argument("outdir", type=Path)
    arguments = parser.parse_args()
    publish(Series.opened(arguments, arguments.member), arguments.outdir)


if __name__ == "__main__":
    main()
