"""A bar chart of gains as SVG: one bar a figure, on a logarithmic scale with 1 in the middle."""

import html
import math

ROW, LEFT, WIDTH, TOP = 18, 230, 520, 64
BETTER, WORSE, MEAN = "#2f7d4f", "#b5482f", "#30507d"


def bar_chart(title, subtitle, groups):
    """groups: [(name, [(label, gain)], geomean)]; a gain may be None."""
    gains = [g for _, rows, _ in groups for _, g in rows if g]
    reach = max([2.0, *(max(g, 1 / g) for g in gains)]) if gains else 2.0
    reach = 2 ** math.ceil(math.log2(reach))
    height = TOP + sum(len(rows) + 2 for _, rows, _ in groups) * ROW + 10

    def place(gain):
        gain = min(max(gain, 1 / reach), reach)
        return LEFT + WIDTH / 2 * (1 + math.log(gain) / math.log(reach))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 80}" height="{height}" '
           'font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="10" y="20" font-size="15">{html.escape(title)}</text>',
           f'<text x="10" y="38" fill="#555">{html.escape(subtitle)}</text>']
    for power in range(-int(math.log2(reach)), int(math.log2(reach)) + 1):
        x = place(2.0 ** power)
        label = f"{2 ** power}" if power >= 0 else f"1/{2 ** -power}"
        out.append(f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height - 10}" '
                   f'stroke="{"#444" if power == 0 else "#ddd"}"/>')
        out.append(f'<text x="{x:.1f}" y="{TOP - 9}" text-anchor="middle" fill="#555">'
                   f'{label}×</text>')

    def bar(y, label, gain, colour, weight="normal"):
        out.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end" font-weight="{weight}">'
                   f'{html.escape(label)}</text>')
        if gain:
            x = sorted((place(1), place(gain)))
            out.append(f'<rect x="{x[0]:.1f}" y="{y + 2}" width="{max(x[1] - x[0], 1):.1f}" '
                       f'height="{ROW - 5}" fill="{colour}"/>')
            out.append(f'<text x="{x[1] + 4:.1f}" y="{y + 12}" font-weight="{weight}">'
                       f'{gain:.2f}</text>')

    y = TOP
    for name, rows, mean in groups:
        for label, gain in rows:
            bar(y, label, gain, BETTER if gain and gain >= 1 else WORSE)
            y += ROW
        bar(y, name + ": geometric mean", mean, MEAN, "bold")
        y += 2 * ROW
    out.append("</svg>")
    return "\n".join(out) + "\n"
