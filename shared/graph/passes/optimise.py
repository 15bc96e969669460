"""ONNX Runtime's basic optimisation: folds batch norms and constants, drops identities and dropouts."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx
import onnxruntime

from evosplit.shared.onnx_parts import all_nodes, remodel
from evosplit.shared.runtime import open_session, session_options


def optimise(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model at level ORT_ENABLE_BASIC, which stays standard ONNX. Raises ModelError."""
    with tempfile.TemporaryDirectory(prefix="evosplit-") as folder:
        path = Path(folder) / "optimised.onnx"
        options = session_options()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(path)
        open_session(model, options, ["CPUExecutionProvider"])
        return _tidy(onnx.load_model(path))


def _tidy(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop what the optimiser leaves behind: inlined functions, and opsets that no node uses."""
    used = {"", *(node.domain for node in all_nodes(model.graph))}
    tidied = remodel(model)
    del tidied.opset_import[:], tidied.functions[:]
    tidied.opset_import.extend(opset for opset in model.opset_import if opset.domain in used)
    return tidied
