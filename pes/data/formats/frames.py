"""Frames of XYZ files, many at a time: number of atoms, comment, one line for each atom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TextIO

import numpy as np

from pes.elements import element

__all__ = ["Frames", "frames", "numbers"]

LINES_AT_ONCE = 30_000
LARGEST = 1000
"""Atoms of one frame; no surface has more, and a larger number is a mistake in the file."""


@dataclass(frozen=True, eq=False)
class Frames:
    """Some frames of one molecule.

    Attributes:
        first: number of the first one in the file, from 0.
        symbols: N atoms.
        comments: B comment lines.
        words: B·N lists, flattened: the words of the atoms' lines after the symbols.
        width: number of words of each atom.
    """

    first: int
    symbols: tuple[str, ...]
    comments: Sequence[str]
    words: Sequence[str]
    width: int

    def column(self, start: int, count: int) -> np.ndarray:
        """Numbers (B, N, count) of neighbouring columns, `start` counting after the symbol.

        Raises:
            ValueError: if one is not a number; frame and atom are named.
        """
        picked = [self.words[k :: self.width] for k in range(start, start + count)]
        shape = (len(self.comments), len(self.symbols))
        try:
            return np.stack([numbers(words).reshape(shape) for words in picked], axis=-1)
        except ValueError:
            self._refuse(picked)
            raise

    def _refuse(self, picked: Sequence[Sequence[str]]) -> None:
        for k, words in enumerate(zip(*picked, strict=True)):
            frame, atom = divmod(k, len(self.symbols))
            try:
                numbers(words)
            except ValueError as error:
                raise ValueError(f"frame {self.first + frame}, atom {atom}: {error}") from None


def numbers(words: Sequence[str]) -> np.ndarray:
    """Numbers (len(words),) of words; Fortran's exponent D is an E.

    Raises:
        ValueError: for a word that is not a number.

    Example:
        >>> numbers(["1.5", "2D-1"]).tolist()
        [1.5, 0.2]
    """
    try:
        return np.array(list(map(float, words)))
    except ValueError:
        return np.array([_number(word) for word in words])


def _number(word: str) -> float:
    try:
        return float(word.replace("D", "E").replace("d", "e"))
    except ValueError:
        raise ValueError(f"{word!r} is not a number") from None


def frames(lines: TextIO) -> Iterator[Frames]:
    """All frames of a file, which must be of one molecule in one order.

    Raises:
        ValueError: naming the frame that is cut, cannot be read or is of another molecule.
    """
    head = next((line for line in lines if not line.isspace()), "")
    if not head:
        raise ValueError("the file holds no frames")
    step = _count(head, 0) + 2
    size = step * max(1, LINES_AT_ONCE // step)
    symbols: tuple[str, ...] = ()
    first, rest = 0, chain([head], lines)
    while block := list(islice(rest, size)):
        while block and block[-1].isspace():
            block.pop()
        if block and not block[-1].endswith("\n"):
            # A number cut in two is still a number.
            raise ValueError(
                "the file may be truncated: its last line has no line break; add one if it is whole"
            )
        if block:
            some = _frames(block, step, first, symbols)
            symbols = some.symbols
            first += len(some.comments)
            yield some


def _frames(block: list[str], step: int, first: int, symbols: tuple[str, ...]) -> Frames:
    for k, line in enumerate(block[::step]):
        if (count := _count(line, first + k)) + 2 != step:
            raise ValueError(
                f"frame {first + k}: {count} atoms, frame 0 has {step - 2}; one file holds one "
                "molecule in one order"
            )
    if len(block) % step:
        raise ValueError(
            f"frame {first + len(block) // step}: truncated, {len(block) % step} of {step} lines; "
            "complete the frame or remove it"
        )
    comments = block[1::step]
    del block[::step]
    del block[:: step - 1]
    width = len(block[0].split())
    words = " ".join(block).split()
    if len(words) != width * len(block) or width < 4:
        _refuse_widths(block, max(width, 4), step - 2, first)
    names, atoms = words[::width], step - 2
    del words[::width]
    symbols = symbols or tuple(_symbol(name) for name in names[:atoms])
    _check_symbols(names, symbols, first)
    return Frames(first, symbols, comments, words, width - 1)


def _count(line: str, frame: int) -> int:
    word = line.strip()
    if not word.isdecimal():
        raise ValueError(
            f"frame {frame}: not readable as XYZ, or truncated: a frame begins with its number of "
            f"atoms, got {word[:40]!r}"
        )
    # Python refuses to convert thousands of digits.
    if len(word) > 9 or not 2 <= int(word) <= LARGEST:
        raise ValueError(
            f"frame {frame}: the number of atoms must be 2 to {LARGEST}, got {word[:20]}"
        )
    return int(word)


def _refuse_widths(block: list[str], width: int, atoms: int, first: int) -> None:
    for k, line in enumerate(block):
        if len(line.split()) != width:
            raise ValueError(
                f"frame {first + k // atoms}, atom {k % atoms}: not readable as XYZ, or truncated: "
                f"a symbol and {width - 1} numbers are needed as in the first lines, got "
                f"{line.strip()[:60]!r}; complete or remove the frame"
            )


def _symbol(name: str) -> str:
    try:
        element(name.capitalize() if name.isalpha() else name)
    except ValueError:
        raise ValueError(f"frame 0: unknown element {name!r}") from None
    return name.capitalize() if name.isalpha() else name


def _check_symbols(names: list[str], symbols: tuple[str, ...], first: int) -> None:
    atoms = len(symbols)
    if names == list(symbols) * (len(names) // atoms):
        return
    for k in range(0, len(names), atoms):
        here = [n.capitalize() if n.isalpha() else n for n in names[k : k + atoms]]
        if here != list(symbols):
            raise ValueError(
                f"frame {first + k // atoms}: atoms {' '.join(here)} differ from "
                f"{' '.join(symbols)} of frame 0; one file holds one molecule in one order"
            )
