"""A surface as an ONNX graph, in double precision throughout."""

import logging
import warnings
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, fx, nn

__all__ = ["write_onnx"]

ARITHMETIC = {
    torch.ops.aten.add.Tensor, torch.ops.aten.sub.Tensor, torch.ops.aten.mul.Tensor,
    torch.ops.aten.div.Tensor,
}  # fmt: skip
"""Operations between two tensors, one of which may be written as a number."""


def write_onnx(module: nn.Module, x: Tensor, path: Path) -> None:
    """Write a module as ONNX: `positions` (B, N, 3) in bohr to `energies` (B,) in hartree, any B.

    Args:
        module: module on the CPU.
        x: positions of three geometries or so.
        path: path of the file.

    Raises:
        ValueError: if the package onnx or onnxscript is missing.
    """
    missing = [name for name in ("onnx", "onnxscript") if find_spec(name) is None]
    if missing:
        raise ValueError(f"ONNX needs {' and '.join(missing)}: pip install 'pes[onnx]'")
    # It says of packages that have nothing to do with a surface that they are missing.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    shapes = ({0: torch.export.Dim("batch", min=1)},)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch about itself
        traced = torch.export.export(module, (x,), dynamic_shapes=shapes).module()
        assert isinstance(traced, fx.GraphModule)
        _keep_digits(traced)
        program = torch.onnx.export(
            traced, (x,), dynamic_shapes=shapes, dynamo=True, verbose=False,
            input_names=["positions"], output_names=["energies"],
        )  # fmt: skip
        assert program is not None
        program.save(path)


def _keep_digits(traced: fx.GraphModule) -> None:
    """Make tensors of the numbers in a graph: the exporter would round numbers to float32."""
    numbers = 0
    for node in list(traced.graph.nodes):
        if node.op != "call_function" or node.target not in ARITHMETIC:
            continue
        arguments = []
        for argument in node.args:
            if isinstance(argument, float):
                name = f"number_{numbers}"
                numbers += 1
                traced.register_buffer(name, torch.tensor(argument, dtype=torch.float64))
                with traced.graph.inserting_before(node):
                    argument = traced.graph.get_attr(name)
            arguments.append(argument)
        node.args = tuple(arguments)
    traced.recompile()
