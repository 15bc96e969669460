"""Our cycles against a foreign simulator's, layer by layer: they are equal.

Its memory model is left out: we take the demand matrices of its arrays, one row a cycle without stalls.
"""

from dataclasses import replace

import pytest

from evosplit.planner.devices.gemm import Gemm
from evosplit.planner.devices.presets import EYERISS, TPU

DATAFLOWS = {"os": "output", "ws": "weight", "is": "input"}
LAYERS = {  # input height, input width, kernel height, kernel width, channels, filters, stride
    "3x3": (16, 16, 3, 3, 8, 20, 1),
    "5x5, stride 2": (17, 15, 5, 5, 3, 40, 2),
    "1x1": (9, 9, 1, 1, 64, 32, 1),
    "a depthwise channel": (14, 14, 3, 3, 1, 1, 1),
    "fully connected": (1, 1, 1, 1, 300, 100, 1),
    "7x7, stride 2, as ResNet begins": (37, 37, 7, 7, 3, 64, 2),
    "1x7": (12, 18, 1, 7, 24, 30, 1),
}


def foreign_cycles(layer, array, dataflow):
    for module in ("scale_config", "topology_utils", "layout_utils", "compute.operand_matrix"):
        pytest.importorskip(f"scalesim.{module}", reason="needs the foreign simulator: pip install scalesim")
    from scalesim.compute import operand_matrix, systolic_compute_is, systolic_compute_os, systolic_compute_ws
    from scalesim.layout_utils import layouts
    from scalesim.scale_config import scale_config
    from scalesim.topology_utils import topologies

    config, topology = scale_config(), topologies()
    config.set_arr_dims(array.rows, array.columns)
    config.set_dataflow(dataflow)
    config.force_valid()
    topology.load_layer_params_from_list("layer", ["layer", *layer, layer[-1], 1, 1])
    topology.topo_calc_hyperparams()
    operands = operand_matrix.operand_matrix()
    operands.set_params(config_obj=config, topoutil_obj=topology, layoututil_obj=layouts(), layer_id=0)
    names = {"ifmap_op_mat": "ifmap", "filter_op_mat": "filter", "ofmap_op_mat": "ofmap"}
    matrices = {name: getattr(operands, f"get_{part}_matrix")()[1] for name, part in names.items()}
    kinds = {
        "os": systolic_compute_os.systolic_compute_os,
        "ws": systolic_compute_ws.systolic_compute_ws,
        "is": systolic_compute_is.systolic_compute_is,
    }
    simulator = kinds[dataflow]()
    simulator.set_params(config_obj=config, **matrices)
    (cycles,) = {matrix.shape[0] for matrix in simulator.get_demand_matrices()}
    return cycles


def as_gemm(height, width, kernel_height, kernel_width, channels, filters, stride):
    rows = ((height - kernel_height) // stride + 1) * ((width - kernel_width) // stride + 1)
    return Gemm(rows, kernel_height * kernel_width * channels, filters, 1, "x", "w")


@pytest.mark.parametrize("dataflow", DATAFLOWS)
@pytest.mark.parametrize("array", [EYERISS, TPU], ids=lambda array: array.name)
@pytest.mark.parametrize("layer", LAYERS)
def test_cycles_are_those_of_scalesim(layer, array, dataflow):
    ours = replace(array, dataflow=DATAFLOWS[dataflow]).cycles(as_gemm(*LAYERS[layer]))
    assert foreign_cycles(LAYERS[layer], array, dataflow) == ours
