"""Reading of a YAML file into a checked configuration, or one line that says what is wrong."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from pes.config.first_error import first_error
from pes.config.section import Section
from pes.config.yaml_text import yaml_value
from pes.files import check_file

__all__ = ["changed", "checked", "load_config", "read_yaml"]

C = TypeVar("C", bound=Section)


def load_config(path: Path, kind: type[C], settings: Sequence[str] = ()) -> C:
    """Read and check a YAML file.

    Args:
        path: of the file.
        kind: the model it must fit.
        settings: `section.key=value` from the command line, values as YAML.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: in one line that names file, key and what was expected.
    """
    return checked(read_yaml(path), kind, settings, str(path))


def checked(content: dict[str, Any], kind: type[C], settings: Sequence[str], where: str) -> C:
    """A configuration of a mapping, such as one that no file holds.

    Args:
        content: keys and values; the settings are written into it.
        kind: the model it must fit.
        settings: `section.key=value` from the command line, values as YAML.
        where: for messages.

    Raises:
        ValueError: in one line that names the key and what was expected.
    """
    for setting in settings:
        _set(content, setting)
    try:
        config = kind.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"{where}: {first_error(error, kind)}") from None
    return config


def changed(config: C, changes: Mapping[str, Any], where: str) -> C:
    """A configuration with other values at some keys, checked again.

    Args:
        config: as it is.
        changes: `section.key` → value.
        where: for messages.

    Raises:
        ValueError: in one line that names the key and what was expected.
    """
    content = config.model_dump(mode="json")
    for key, value in changes.items():
        _place(content, key, value, where)
    try:
        return type(config).model_validate(content)
    except ValidationError as error:
        raise ValueError(f"`{where}`: {first_error(error, type(config))}") from None


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        FileNotFoundError, ValueError: if there is none.
    """
    check_file(path, "configuration file")
    try:
        content = yaml_value(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not a text file in UTF-8; save it as one") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected `key: value` lines, got {type(content).__name__}")
    return content


def _set(content: dict[str, Any], setting: str) -> None:
    key, equals, value = setting.partition("=")
    if not equals:
        raise ValueError(f"--set {setting}: write section.key=value")
    try:
        read = yaml_value(value)
    except ValueError as error:
        raise ValueError(f"--set {setting}: {error}") from None
    _place(content, key, read, f"--set {setting}")


def _place(content: dict[str, Any], key: str, value: Any, where: str) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
        if not isinstance(content, dict):
            raise ValueError(f"{where}: {parent} is not a section")
    content[last] = value
