"""Picture of a computation as a graph of its steps."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pes.plots.figure import COLOURS, picture

__all__ = ["computational_graph"]

MOST = 80
"""Boxes that can still be read."""

WIDTH, HEIGHT = 2.3, 0.85
"""Room of a box, inches."""


def computational_graph(
    path: str | Path, texts: Sequence[str], parents: Sequence[Sequence[int]]
) -> None:
    """One box for each step, in columns by the longest way from an input, and arrows between.

    Args:
        path: path of the PNG file.
        texts: texts of the boxes, in a topological order.
        parents: numbers of the boxes that each is computed of, all before it.

    Raises:
        ValueError: if there are more boxes than can be read, or a box comes before one it needs.
    """
    if len(texts) > MOST:
        raise ValueError(f"a picture shows {MOST} steps at most, the list has {len(texts)}")
    places = _places(parents)
    width, height = WIDTH * (places[:, 0].max() + 1), HEIGHT * (np.ptp(places[:, 1]) + 1)
    with picture(path, float(width), float(height), layout=None) as figure:
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(-0.5, places[:, 0].max() + 0.5)
        axes.set_ylim(places[:, 1].min() - 0.5, places[:, 1].max() + 0.5)
        axes.axis("off")
        last = len(texts) - 1
        for k, (text, place) in enumerate(zip(texts, places, strict=True)):
            colour = COLOURS[1] if k == last else COLOURS[0] if parents[k] else COLOURS[2]
            frame = {"boxstyle": "round,pad=0.35", "fc": "white", "ec": colour, "lw": 1.3}
            axes.text(
                place[0], place[1], text, ha="center", va="center", fontsize=8, bbox=frame,
                zorder=2, parse_math=False,
            )  # fmt: skip
            for parent in parents[k]:
                axes.annotate(
                    "", place, places[parent], zorder=1,
                    arrowprops={"arrowstyle": "-|>", "color": "0.55", "shrinkA": 38, "shrinkB": 46},
                )  # fmt: skip


def _places(parents: Sequence[Sequence[int]]) -> np.ndarray:
    """Column and height of each box: next to the boxes it is computed of, none on another.

    Example:
        >>> _places([(), (), (0, 1)]).tolist()
        [[0.0, 0.5], [0.0, -0.5], [1.0, 0.0]]
    """
    columns: list[int] = []
    for k, own in enumerate(parents):
        if any(parent >= k for parent in own):
            raise ValueError(f"step {k} needs a later one; the steps must be in topological order")
        columns.append(1 + max((columns[parent] for parent in own), default=-1))
    heights = np.zeros(len(parents))
    for column in range(max(columns) + 1):
        boxes = [k for k, own in enumerate(columns) if own == column]
        wish = {k: float(heights[list(parents[k])].mean()) if parents[k] else -k for k in boxes}
        boxes.sort(key=lambda k: -wish[k])
        middle = sum(wish.values()) / len(boxes) if column else 0.0
        for place, k in enumerate(boxes):
            heights[k] = middle + (len(boxes) - 1) / 2 - place
    return np.column_stack([np.array(columns, dtype=float), heights])
