"""Errors as the one line that a user reads: what is wrong with which file, and what to do."""

import errno
import sys
import sysconfig
import warnings
from collections.abc import Callable
from pathlib import Path
from traceback import walk_tb

from pes.run.signals import Stopped

__all__ = ["ended", "is_mendable", "line_of", "own_code"]

ADVICE = {
    errno.EACCES: "choose another output folder or change the permissions",
    errno.EPERM: "choose another output folder or change the permissions",
    errno.EROFS: "choose another output folder",
    errno.ENOSPC: "free some space or choose another output folder",
    errno.EDQUOT: "free some of your space or choose another output folder",
    errno.EFBIG: "choose an output folder that takes larger files",
    errno.EIO: "the disk or the network fails; try again or choose another output folder",
    errno.ESTALE: "the network folder has gone; mount it again",
    errno.ELOOP: "symbolic links lead in a circle; name the file itself",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "name a file in it",
    errno.ENOTDIR: "a file stands where a folder should be; choose another path",
    errno.ENOENT: "check the path",
    errno.EMFILE: "raise the limit of open files, `ulimit -n`",
}
"""Advice for errors of the operating system."""


OURS = tuple(
    str(Path(place).resolve())
    for place in {
        str(Path(__file__).parents[1]), sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()
    }
)  # fmt: skip
"""Folders of code that is not the user's."""


def is_mendable(error: BaseException) -> bool:
    """Whether the user can mend what is wrong; any other error is a mistake of the package."""
    return isinstance(error, ValueError | OSError | FloatingPointError) or _is_full(error)


def _is_full(error: BaseException) -> bool:
    """Whether an error means that memory is used up; torch is loaded only here."""
    from pes.memory import is_full

    return is_full(error)


def own_code(error: BaseException) -> str | None:
    """The line of the user's code that an error passed through, such as a surface that raises."""
    from pes.setup.inputs.surfaces import USER_MODULE

    here = Path.cwd().resolve()
    for frame, line in walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename).resolve()
        by_path = frame.f_globals.get("__name__", "").startswith(USER_MODULE)
        if by_path or (file.is_relative_to(here) and not str(file).startswith(OURS)):
            words = " ".join(str(error).split())
            name = frame.f_code.co_name
            return f"{file}, line {line}: {name} failed: {type(error).__name__}: {words}"
    return None


def line_of(error: BaseException) -> str:
    """The message of an error in one line; errors of the system say which file, and what to do.

    Example:
        >>> line_of(OSError(errno.ENOSPC, "No space left on device", "runs/h2o"))
        'runs/h2o: no space left on device; free some space or choose another output folder'
    """
    if _is_full(error):
        words = "out of memory; ask for less at once, or use a machine with more memory"
        return f"{words} ({' '.join(str(error).split())[:200]})" if str(error) else words
    if not isinstance(error, OSError) or error.errno is None or error.strerror is None:
        return " ".join(str(error).split())
    where = "" if error.filename is None else f"{error.filename}: "
    advice = ADVICE.get(error.errno, "check the file and its folder")
    return f"{where}{' '.join(error.strerror.split()).lower()}; {advice}"


def _warned(message: Warning | str, *_: object, **__: object) -> None:
    """A warning of the library as one line."""
    print(f"pes: warning: {' '.join(str(message).split())}", file=sys.stderr)


def ended(command: Callable[[], object]) -> None:
    """Run; what the user can mend becomes one line, anything else keeps its traceback."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warned
            command()
    except Stopped as stop:
        raise SystemExit(stop.code) from None
    except KeyboardInterrupt:
        print(
            "pes: interrupted; continue an unfinished training with --resume auto", file=sys.stderr
        )
        raise SystemExit(130) from None
    except (Exception, SystemExit) as error:
        # A surface that calls sys.exit(0) would else end the command in silence, with code 0.
        line = line_of(error) if is_mendable(error) else own_code(error)
        if line is None:
            raise
        print(f"pes: {line}", file=sys.stderr)
        raise SystemExit(2) from None
