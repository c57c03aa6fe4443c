"""A second device on a machine that has none: CPU arithmetic behind tensors that say `meta`.

Every operation is watched below autograd. Operands on both devices at once end in the error that
CUDA gives, but for what CUDA permits too: numbers, and indices on the CPU.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_map_only

__all__ = ["OTHER", "OtherDevice"]

OTHER = torch.device("meta")

aten: Any = torch.ops.aten
INDEXING = (aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_)
MOVES = (aten._to_copy, aten.copy_)


class Elsewhere(Tensor):
    """A tensor whose numbers are in `held`, on the CPU."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "Elsewhere":
        made = Tensor._make_wrapper_subclass(
            cls, held.shape, strides=held.stride(), storage_offset=held.storage_offset(),
            dtype=held.dtype, device=OTHER,
        )  # fmt: skip
        made.held = held
        return made

    def __getitem__(self, index: Any) -> Any:
        return super().__getitem__(_seen(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(_seen(index), value)

    def tolist(self) -> Any:
        """Numbers, as CUDA gives them too."""
        return self.cpu().tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """Refused, as on CUDA."""
        raise TypeError(f"cannot convert a tensor on {OTHER} to NumPy; use .cpu() first")

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _performed(func, args, kwargs or {})


class OtherDevice(TorchDispatchMode):
    """While it is entered, tensors made on `OTHER` hold numbers."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _performed(func, args, kwargs or {})


def _performed(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    tensors = list(_tensors(args)) + list(_tensors(tuple(kwargs.values())))
    is_there = any(isinstance(t, Elsewhere) for t in tensors)
    target = kwargs.get("device")
    if not is_there and (target is None or torch.device(target) != OTHER):
        return func(*args, **kwargs)
    packet = func.overloadpacket
    if is_there and packet not in MOVES:
        _check(packet, tensors, args)
    if target is not None:
        kwargs = kwargs | {"device": "cpu"}
    result = func(*_held(args), **{name: _held(v) for name, v in kwargs.items()})
    if packet is aten.copy_:
        return args[0]
    if target is not None and torch.device(target).type == "cpu":
        return result.clone()
    wrapped = tree_map_only(Tensor, Elsewhere, result)
    return return_and_correct_aliasing(func, args, kwargs, wrapped) if is_there else wrapped


def _check(packet: Any, tensors: list[Tensor], args: Any) -> None:
    if packet in INDEXING and isinstance(args[0], Elsewhere):
        indices = [i for i in _tensors(args[1]) if i.device == OTHER]
        tensors = [args[0], *_tensors(args[2:3]), *indices]
    for tensor in tensors:
        if tensor.device == OTHER and not isinstance(tensor, Elsewhere):
            raise RuntimeError(f"{packet}: a tensor was made on {OTHER} unseen; use .to()")
        if not isinstance(tensor, Elsewhere) and tensor.dim() > 0:
            raise RuntimeError(
                f"{packet}: all tensors must be on one device, found cpu {tuple(tensor.shape)} "
                f"beside {OTHER}"
            )


def _seen(index: Any) -> tuple[Any, ...]:
    """Lists made tensors here: torch would do it on the device, where no operation is seen."""
    entries = index if isinstance(index, tuple) else (index,)
    return tuple(torch.tensor(i) if isinstance(i, list) else i for i in entries)


def _tensors(tree: Any) -> Iterator[Tensor]:
    for entry in tree:
        if isinstance(entry, Tensor):
            yield entry
        elif isinstance(entry, list | tuple):
            yield from _tensors(entry)


def _held(entry: Any) -> Any:
    if isinstance(entry, Elsewhere):
        return entry.held
    return type(entry)(map(_held, entry)) if isinstance(entry, list | tuple) else entry
