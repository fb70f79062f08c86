"""Lines of records outlive a kill."""

from pathlib import Path

from sprites.lines import add_line, read_lines


def test_what_is_added_after_a_kill_is_not_lost_with_what_it_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "figures.jsonl"
    assert read_lines(path) == []
    add_line(path, {"seed": 1})
    with path.open("a") as file:
        file.write('{"seed": 2, "fig')
    add_line(path, {"seed": 3})
    assert read_lines(path) == [{"seed": 1}, {"seed": 3}]
