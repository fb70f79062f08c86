"""The scenes world is decided by four numbers, and a picture can be made again from its parameters."""

import numpy as np
import pytest

from scenes.kinds import KINDS, NAMES
from scenes.parameters import NONE, Scenes, draw_scenes, kinds_of
from scenes.recover import in_order
from scenes.world import make, render


def test_the_same_numbers_give_the_same_pictures() -> None:
    (first, labels), (second, again) = make(40, 3, 16, 1.0), make(40, 3, 16, 1.0)
    assert (first == second).all() and (labels == again).all()
    assert (make(40, 4, 16, 1.0)[0] != first).any()
    assert (make(20, 3, 16, 1.0)[0] == first[:20]).all()


def test_a_picture_can_be_made_again_by_itself() -> None:
    scenes = draw_scenes(30, 5, 1.0)
    assert (render(scenes, 32)[7] == render(scenes.rows(np.array([7])), 32)[0]).all()


def test_richness_adds_kinds_objects_turns_and_textures() -> None:
    plain, half, rich = (draw_scenes(500, 1, richness) for richness in (0.0, 0.5, 1.0))

    def more(value) -> bool:
        return value(plain) < value(half) < value(rich)

    assert more(lambda s: len(set(s.labels))) and kinds_of(1.0) == len(KINDS) == len(set(NAMES)) == 32
    assert more(lambda s: (s.kind != NONE).sum()) and (plain.kind[:, 1:] == NONE).all()
    assert more(lambda s: np.abs(s.turn).mean()) and more(lambda s: (s.texture > 0).sum())
    assert more(lambda s: (s.pattern > 0).sum()) and more(lambda s: np.abs(s.x[:, 0]).mean())


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=NAMES)
def test_every_kind_covers_a_fair_part_of_its_square_and_stays_inside(kind: int) -> None:
    scenes = draw_scenes(1, 2, 0.0)
    parts = {name: getattr(scenes, name) for name in Scenes.__dataclass_fields__}
    parts["kind"] = np.array([[kind, NONE, NONE]])
    parts["size"] = np.full((1, 3), 0.8, np.float32)
    with_object, without = (
        render(Scenes(**(parts | {"kind": kinds})), 64)[0].astype(int)
        for kinds in (parts["kind"], np.full((1, 3), NONE))
    )
    covered = np.abs(with_object - without).max(0) > 4
    assert 0.1 < covered.mean() < 0.65
    assert not covered[:4].any() and not covered[-4:].any() and not covered[:, :4].any() and not covered[:, -4:].any()


def test_slots_behind_are_listed_by_place_without_changing_what_is_there() -> None:
    scenes = draw_scenes(200, 6, 1.0)
    sorted_scenes = in_order(scenes)
    assert (sorted_scenes.kind[:, 0] == scenes.kind[:, 0]).all()
    assert (np.sort(sorted_scenes.kind, 1) == np.sort(scenes.kind, 1)).all()
    two = (sorted_scenes.kind[:, 1:] != NONE).all(1)
    assert two.any() and (sorted_scenes.x[two, 1] <= sorted_scenes.x[two, 2]).all()
    assert (sorted_scenes.kind[sorted_scenes.kind[:, 1] == NONE, 2] == NONE).all()
