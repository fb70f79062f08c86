"""The table of drift says what the figures say: excess over real pictures, by step."""

from scenes.recipe import SCALES
from scenes.report_drift import drift_table
from scenes.setting import Setting

K = len(SCALES)


def line(seed: int, nats: float) -> dict:
    figures = {"nats": [nats] * K, "nats_real": [1.0] * K, "entropy": [2.0] * K, "entropy_real": [1.5] * K}
    figures |= {"input_fd": [0.1] * (K - 1), "input_fd_fine": [0.2] * (K - 1)}
    setting = vars(Setting()) | {"shape": list(Setting().shape)}
    return {"member": "s", "judge": "l", "seed": seed, "setting": setting, "figures": figures}


def test_what_is_judged_is_told_as_excess_over_real_pictures_with_its_noise() -> None:
    rows = [row.split(" | ") for row in drift_table([line(1, 1.1), line(2, 1.3)], "s").splitlines()[4:]]
    assert rows[0][:3] == ["| nats of the judge", "plain", "2"] and rows[0][3] == "+0.200 ± 0.141"
    assert rows[1][3] == "+0.500 ± 0.000"
    assert rows[2][3] == "" and rows[2][4] == "+0.100 ± 0.000" and rows[3][4] == "+0.200 ± 0.000"


def test_a_member_that_nobody_judged_has_no_table() -> None:
    assert drift_table([line(1, 1.1) | {"judge": None}], "s") == ""
