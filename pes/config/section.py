"""What all sections of a YAML file have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["Section", "by_name"]


class Section(BaseModel):
    """Base of all sections: an unknown key is an error."""

    model_config = ConfigDict(
        extra="forbid", use_attribute_docstrings=True, frozen=True, allow_inf_nan=False
    )


def by_name(value: Any) -> Any:
    """`kind` alone may be written as a plain word."""
    return {"kind": value} if isinstance(value, str) else value
