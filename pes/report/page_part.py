"""Parts of a page: headed texts, tables and pictures, whatever they are about."""

import base64
import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["PagePart", "Picture", "Table", "number", "pictures", "rows_of_csv"]


@dataclass(frozen=True)
class Table:
    """A table; long ones are folded.

    Attributes:
        caption: what its rows are, with units.
        head: names of the columns.
        rows: cells.
        folded: shown on demand only.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    folded: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture inside the page.

    Attributes:
        caption: what it shows; panels are (a), (b), ….
        data: `data:` address of its content.
    """

    caption: str
    data: str


@dataclass(frozen=True)
class PagePart:
    """A headed part of the page.

    Attributes:
        title: title of the part.
        paragraphs: sentences.
        tables: tables in their order.
        pictures: pictures in their order.
        code: text that is shown as it is, such as a configuration.
    """

    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    code: Sequence[tuple[str, str]] = field(default=())


def pictures(folder: Path, captions: dict[str, str]) -> list[Picture]:
    """Pictures from the named PNG files; those that a folder lacks are left out.

    Args:
        folder: folder of the results.
        captions: name of the file → caption.
    """
    return [
        Picture(caption, f"data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}")
        for name, caption in captions.items()
        if (file := folder / name).is_file()
    ]


def rows_of_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a table that a command wrote; none if there is no such file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(value: object, digits: int = 4) -> str:
    """A number with so many decimals, scientific if these show nothing of it; other text as it is.

    Example:
        >>> number("1616.90877"), number(2.66e-18), number("A1"), number(None), number("nan")
        ('1616.9088', '2.66e-18', 'A1', '–', '–')
        >>> number(3), number("3"), number("3.0")
        ('3', '3', '3.0000')
    """
    if value is None or value == "":
        return "–"
    try:
        x = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value)
    if x != x:
        return "–"
    if isinstance(value, int) or str(value).lstrip("-").isdigit():
        return str(value)
    return f"{x:.2e}" if 0 < abs(x) < 0.5 * 10**-digits else f"{x:.{digits}f}"
