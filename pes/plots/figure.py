"""Parts that all pictures share: an empty figure, its colours, and its file."""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import cycle, islice
from pathlib import Path
from string import ascii_lowercase
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import SymmetricalLogLocator

from pes.files import replaced

__all__ = [
    "COLOURS",
    "also_as_pdf",
    "colours",
    "lettered",
    "linear_then_logarithmic",
    "margins",
    "picture",
    "tidy",
]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Told apart by readers who see no red or no green (doi:10.1038/nmeth.1618)."""

DPI = 150

BESIDE: ContextVar[tuple[str, ...]] = ContextVar("BESIDE", default=())
"""Suffixes of further files that each picture is written to, set for a block by `also_as_pdf`."""


@contextmanager
def also_as_pdf() -> Iterator[None]:
    """Write each picture of the block as a PDF as well, beside its PNG."""
    token = BESIDE.set((".pdf",))
    try:
        yield
    finally:
        BESIDE.reset(token)


@contextmanager
def picture(
    path: str | Path,
    width: float,
    height: float,
    *,
    layout: Literal["constrained"] | None = "constrained",
) -> Iterator[Figure]:
    """A figure of so many inches that becomes a PNG, or a PDF by its suffix, once the block ends.

    No pyplot, hence no window, no global state and nothing to close. A picture that cannot be drawn
    is a warning: it must not take the results with it. The layout `constrained` measures all texts,
    which takes as long as drawing them; None leaves panels where `margins` puts them.

    Raises:
        OSError: if the file cannot be written.
    """
    figure = Figure(figsize=(width, height), layout=layout)
    try:
        yield figure
        first = Path(path)
        for file in dict.fromkeys([first, *map(first.with_suffix, BESIDE.get())]):
            with replaced(file) as temporary:
                kind = "pdf" if file.suffix == ".pdf" else "png"
                figure.savefig(temporary, format=kind, dpi=DPI)
    except OSError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        warnings.warn(f"{path} could not be drawn ({reason})", stacklevel=3)


def margins(
    figure: FigureBase,
    width: float,
    height: float,
    *,
    left: float,
    top: float,
    between: float,
    right: float = 0.15,
) -> None:
    """Panels of a figure placed by margins in inches.

    Args:
        figure: figure with a grid of panels.
        width: width of the figure.
        height: height of the figure.
        left: room for the labels of the vertical axes.
        top: room for titles.
        between: space between rows and columns of panels, in units of their sizes.
        right: room on the right.
    """
    figure.subplots_adjust(
        left=left / width, right=1 - right / width, bottom=0.55 / height, top=1 - top / height,
        wspace=between / 2, hspace=between,
    )  # fmt: skip


def lettered(panels: Iterable[Axes]) -> None:
    """Write (a), (b), … at the upper left of panels, by which captions name them."""
    for letter, axes in zip(ascii_lowercase, panels, strict=False):
        axes.annotate(
            f"({letter})", (0, 1), (-22, 7), xycoords="axes fraction", textcoords="offset points",
            ha="right", fontweight="bold",
        )  # fmt: skip


def colours(count: int) -> list[str]:
    """So many colours, the first ones again when they run out."""
    return list(islice(cycle(COLOURS), count))


def linear_then_logarithmic(
    axes: Axes, linear: float, largest: float, *, linscale: float = 1.0
) -> None:
    """A vertical axis that is linear about zero, its ticks clear of each other.

    Args:
        axes: panel.
        linear: size up to which it is linear.
        largest: size of the largest value.
        linscale: length of the linear part to either side, in decades.
    """
    axes.set_yscale("symlog", linthresh=linear, linscale=linscale)
    first = 10.0 ** np.ceil(np.log10(linear))
    first = first if first <= largest else first / 10
    axes.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=first))


def tidy(axes: Axes, x_label: str, y_label: str) -> None:
    """Labels, and no frame where there is no axis."""
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)
