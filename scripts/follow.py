"""Follow one value through the code: `python scripts/follow.py [energy | range] [ROOT]`.

An energy is followed from `read_hdf5` to the first residuals of a fit, a range from `read_yaml` to
the first table of sinc functions, each in a small run of its own (some seconds, nothing is written
to ROOT, by default the clone this script lies in). A call holds the value if one of its arguments
or its result does, by itself or inside a record, a container or a module. Such calls are of two
kinds:

* it is handed on: the call returns it, or is still running when the value arrives;
* it is looked at: the call ends and gives nothing of it back, as checks, audits and forecasts do,
  or gives back the very object that it is a method of, as checks of a configuration must.
  What is called from there is part of the look.

Both kinds are counted by files; a file that does both is listed with the first. An energy is known
by the class of its tensor, which operations hand on to their results while they have a row for
each point; a range by its numbers, in Å and in bohr.
"""

import dataclasses
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

import torch

FIT = """\
name: fit
threads: 1
device: cpu
data: {file: DATA}
surface: {descriptor: {kind: invariants, degree: 2}, hidden: [3]}
training: {epochs: 1, optimizer: levenberg_marquardt}
"""

LEVELS = """\
name: levels
threads: 1
device: cpu
molecule: [O, H, H]
surface: water_pjt1996
levels: 3
coordinates: {ranges: {r1: [0.7, 1.3], r2: [0.7, 1.3], theta: [60, 160]}}
basis: {all: {functions: 3, points: 5, primitives: 20}}
"""

PATHS = {
    "energy": ("train", FIT, ("normal_equations", "jacobian")),
    "range": ("levels", LEVELS, ("sinc",)),
}
"""The command of each value, its configuration, and the functions that end the path."""

DEPTH = 5
"""Records inside records that are looked into."""
LOWER, UPPER = 0.7123, 1.3217
"""Range of r1, Å: numbers that nothing else has."""


class Arrived(BaseException):
    """The end of the path was reached."""


class Followed(torch.Tensor):
    """Energies, or numbers made of them, with a row for each point."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = super().__torch_function__(func, types, args, kwargs or {})
        if isinstance(result, Followed) and result.ndim == 0:
            return result.as_subclass(torch.Tensor)
        return result


def is_energy(value: object) -> bool:
    """Whether it is a tensor made of the energies."""
    return isinstance(value, Followed)


def is_range(value: object) -> bool:
    """Whether it is a number of the range, or a small tensor or a text with one."""
    from pes.units import ANGSTROM

    if isinstance(value, str):
        return str(LOWER) in value
    if isinstance(value, torch.Tensor) and 0 < value.numel() < 100 and value.is_floating_point():
        return any(map(is_range, value.flatten().tolist()))
    return isinstance(value, float) and any(
        abs(value - limit) < 1e-9 for limit in (LOWER, LOWER * ANGSTROM)
    )


def holds(value: object, known: Callable[[object], bool], depth: int = DEPTH) -> bool:
    """Whether a value is the one followed or has it inside."""
    if known(value):
        return True
    if depth == 0 or isinstance(value, str | bytes | int | float | type):
        return False
    return any(holds(part, known, depth - 1) for part in parts(value))


def parts(value: Any) -> list[Any]:
    """What a container, record, module or bound function holds."""
    if isinstance(value, Mapping):
        return list(islice(value.values(), 50))
    if isinstance(value, list | tuple | set | frozenset):
        return list(islice(value, 50))
    if isinstance(value, torch.nn.Module):
        inside = vars(value)
        return [*inside.get("_buffers", {}).values(), *inside.get("_modules", {}).values()]
    if dataclasses.is_dataclass(value):
        return [getattr(value, f.name, None) for f in dataclasses.fields(value)]
    if hasattr(type(value), "model_fields"):
        return list(vars(value).values())
    if hasattr(value, "func") and hasattr(value, "keywords"):
        return [value.func, *value.args, *value.keywords.values()]
    if hasattr(value, "__closure__"):
        return [cell.cell_contents for cell in value.__closure__ or () if cell != type(cell)()]
    return []


class Call:
    """A call that is running, with the files of the calls in it that handed the value on."""

    def __init__(self, frame: FrameType, file: str, known: Callable[[object], bool]) -> None:
        self.file, self.inside = file, dict[str, str]()
        self.function = frame.f_code.co_qualname.partition(".<locals>")[0]
        self.holding = any(holds(argument, known) for argument in arguments(frame))
        self.owner = frame.f_locals.get("self")


def arguments(frame: FrameType) -> list[Any]:
    """Arguments of a call, and what its function has from around it."""
    code = frame.f_code
    number = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[: number + bool(code.co_flags & 4) + bool(code.co_flags & 8)]
    return [frame.f_locals.get(n) for n in (*names, *code.co_freevars)]


def follow(what: str, root: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Files that hand a value on and files that look at it, with a function of each."""
    from pes import cli

    known = {"energy": is_energy, "range": is_range}[what]
    command, text, ends = PATHS[what]
    package = f"{root / 'pes'}{os.sep}"
    looks: dict[str, str] = {}
    handed: dict[str, str] = {}
    stack: list[Call] = []

    def watch(frame: FrameType, event: str, result: Any) -> None:
        code = frame.f_code
        name = code.co_filename.removeprefix(package)
        if not code.co_filename.startswith(package) or code.co_name == "<module>":
            return
        if event == "call":
            sys.setprofile(None)
            stack.append(Call(frame, name, known))
            if code.co_name in ends and stack[-1].holding:
                for call in stack:
                    handed.update(call.inside)
                    if call.holding:
                        handed.setdefault(call.file, call.function)
                raise Arrived
            sys.setprofile(watch)
        elif event == "return" and stack:
            sys.setprofile(None)
            call = stack.pop()
            made = frame.f_locals.get("self") if code.co_name.startswith("__") else None
            checked = result is not None and result is call.owner
            returned = (holds(result, known) and not checked) or (
                made is not None and holds(made, known)
            )
            around = stack[-1].inside if stack else handed
            if returned:
                around.update(call.inside)
                around.setdefault(call.file, call.function)
                if stack:
                    stack[-1].holding = True
            elif call.holding:
                for file, function in {call.file: call.function, **call.inside}.items():
                    looks.setdefault(file, function)
            sys.setprofile(watch)

    prepare(what, text, root)
    sys.setprofile(watch)
    try:
        getattr(cli, command)(["--config", "config.yaml"])
    except Arrived:
        return handed, {file: f for file, f in looks.items() if file not in handed}
    finally:
        sys.setprofile(None)
    sys.exit(f"{command}: the value did not arrive")


def prepare(what: str, text: str, root: Path) -> None:
    """Write the configuration, and mark the value."""
    data = root / "data" / "h2o_ccsdt_vtz.h5"
    text = text.replace("DATA", str(data)).replace("r1: [0.7, 1.3]", f"r1: [{LOWER}, {UPPER}]")
    Path("config.yaml").write_text(text, "utf-8")
    if what == "energy":
        from pes.data.formats import hdf5

        read: Any = hdf5.Dataset

        def marked(**fields: Any) -> Any:
            fields["energies"] = fields["energies"].as_subclass(Followed)
            return read(**fields)

        vars(hdf5)["Dataset"] = marked


def main(what: str, root: Path) -> None:
    """Print the files."""
    sys.path.insert(0, str(root))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        handed, looks = follow(what, root)
        os.chdir(root)
    for title, files in (("handed on by", handed), ("looked at by", looks)):
        print(f"\n{what} {title} {len(files)} files:")
        for file, function in files.items():
            print(f"  {file:<46} {function}")


if __name__ == "__main__":
    given = [one for one in sys.argv[1:] if one not in ("energy", "range")]
    clone = Path(given[0] if given else Path(__file__).parents[1]).resolve()
    main("range" if "range" in sys.argv else "energy", clone)
