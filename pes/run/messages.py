"""Errors as the one line that a user reads: what is wrong with which file, and what to do."""

import errno

__all__ = ["line_of"]

ADVICE = {
    errno.EACCES: "you may not do that there; choose another --output or change the permissions",
    errno.EPERM: "you may not do that there; choose another --output or change the permissions",
    errno.EROFS: "choose another --output",
    errno.ENOSPC: "free some space or choose another --output",
    errno.EDQUOT: "free some of your space or choose another --output",
    errno.EFBIG: "choose an --output that takes larger files",
    errno.EIO: "the disk or the network fails; try again or choose another --output",
    errno.ESTALE: "the network folder has gone; mount it again",
    errno.ELOOP: "symbolic links lead in a circle; name the file itself",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "name a file in it",
    errno.ENOTDIR: "a file stands where a folder should be; choose another path",
    errno.ENOENT: "check the path",
    errno.EMFILE: "raise the limit of open files, `ulimit -n`",
}
"""What to do about errors of the system."""


def line_of(error: BaseException) -> str:
    """The message of an error in one line; errors of the system say which file, and what to do.

    Example:
        >>> line_of(OSError(errno.ENOSPC, "No space left on device", "runs/h2o"))
        'runs/h2o: no space left on device; free some space or choose another --output'
    """
    if isinstance(error, MemoryError):
        words = "out of memory; ask for less at once, or use a machine with more memory"
        return f"{words} ({error})" if str(error) else words
    if not isinstance(error, OSError) or error.errno is None or error.strerror is None:
        return " ".join(str(error).split())
    where = "" if error.filename is None else f"{error.filename}: "
    advice = ADVICE.get(error.errno, "check the file and its folder")
    return f"{where}{' '.join(error.strerror.split()).lower()}; {advice}"
