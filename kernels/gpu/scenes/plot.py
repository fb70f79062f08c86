"""Line plots as SVG, written by hand: a few curves with noise bars, readable on light and dark pages."""

from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

COLOURS = ("#3f73cc", "#d63b4b", "#28a197", "#f58b3c", "#8560c5", "#6f7493", "#8c5b3f", "#5bb26a")
WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 34, 46


@dataclass(frozen=True)
class Curve:
    name: str
    points: list[tuple[float, float, float]]  # x, y, deviation of y
    dashed: bool = False


def ticks(low: float, high: float) -> list[float]:
    """About five round numbers."""
    span = high - low or 1.0
    step = 10.0 ** int(f"{span / 5:e}".split("e")[1])
    step = next(step * factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 6)
    first = -(-low // step)
    return [(first + i) * step for i in range(int((high - first * step) / step + 1e-9) + 1)]


def line_plot(path: Path, title: str, x_name: str, y_name: str, curves: list[Curve], zero: bool = False) -> None:
    """Writes the plot; `zero` makes the y axis reach 0."""
    every = [point for curve in curves for point in curve.points]
    x0, x1 = min(x for x, _, _ in every), max(x for x, _, _ in every)
    y0, y1 = min(y - e for _, y, e in every), max(y + e for _, y, e in every)
    y0, y1 = (min(y0, 0.0), max(y1, 0.0)) if zero else (y0, y1)
    margin = 0.06 * (y1 - y0 or 1.0)
    y0, y1 = y0 - (0 if zero and y0 == 0 else margin), y1 + margin

    def across(x: float) -> float:
        return LEFT + (x - x0) / (x1 - x0 or 1.0) * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        return HEIGHT - BOTTOM - (y - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" font-size="14" fill="#2b2d42">{escape(title)}</text>',
    ]
    for y in ticks(y0, y1):
        out.append(f'<path d="M{LEFT} {down(y):.1f}H{WIDTH - RIGHT}" stroke="#e3e5ee"/>')
        out.append(f'<text x="{LEFT - 6}" y="{down(y) + 4:.1f}" text-anchor="end" fill="#6f7493">{y:.4g}</text>')
    for x in sorted({x for x, _, _ in every}) if all(x == int(x) for x, _, _ in every) else ticks(x0, x1):
        spot = f'x="{across(x):.1f}" y="{HEIGHT - BOTTOM + 16}"'
        out.append(f'<text {spot} text-anchor="middle" fill="#6f7493">{x:.4g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    out.append(f'<text x="{middle:.0f}" y="{HEIGHT - 8}" text-anchor="middle" fill="#2b2d42">{escape(x_name)}</text>')
    out.append(
        f'<text transform="translate(14 {HEIGHT / 2:.0f}) rotate(-90)" text-anchor="middle" '
        f'fill="#2b2d42">{escape(y_name)}</text>'
    )
    for i, curve in enumerate(curves):
        colour, dash = COLOURS[i % len(COLOURS)], ' stroke-dasharray="5 4"' if curve.dashed else ""
        way = "L".join(f"{across(x):.1f} {down(y):.1f}" for x, y, _ in curve.points)
        out.append(f'<path d="M{way}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        for x, y, e in curve.points:
            out.append(f'<path d="M{across(x):.1f} {down(y - e):.1f}V{down(y + e):.1f}" stroke="{colour}"/>')
            out.append(f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{colour}"/>')
        line = TOP + 8 + 18 * i
        out.append(f'<path d="M{WIDTH - RIGHT + 10} {line}h18" stroke="{colour}" stroke-width="2"{dash}/>')
        out.append(f'<text x="{WIDTH - RIGHT + 34}" y="{line + 4}" fill="#2b2d42">{escape(curve.name)}</text>')
    path.write_text("\n".join([*out, "</svg>"]) + "\n")
