from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from evosplit.planner.devices import MeasuredDevice, device_timings, named_device, simulated_profile
from evosplit.planner.devices.presets import DEVICES, EYERISS, JETSON_NANO, RASPBERRY_PI_5, TPU
from evosplit.shared.errors import ProfileError, UsageError
from evosplit.shared.graph import load_graph
from tests import models

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
UPLOAD_S = 224 * 224 * 3 * 8 / (3 * 2**20)
"""The raw 8-bit picture over 3 Mbit/s, as the published code counts a megabit."""


@pytest.fixture(scope="module")
def resnet50():
    return load_graph(LIGHT / "light_resnet50.onnx")


@pytest.fixture
def chain(tmp_path):
    return load_graph(models.save(models.chain_net(), tmp_path))


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_every_preset_times_every_layer(device, chain):
    assert named_device(device.name.upper()) is device
    assert device.source
    assert device.bits >= max(device.choices)
    timings = device_timings(device, chain)
    assert len(timings) == len(chain.layers)
    assert all(timing.uniform_s(bits) >= 0 for timing in timings for bits in device.choices)
    assert sum(timing.macs for timing in timings) == sum(layer.macs for layer in chain.layers)


def test_an_unknown_device_lists_the_known_ones():
    with pytest.raises(UsageError, match="no device 'abacus': there are eyeriss, tpu, eyeriss-published"):
        named_device("abacus")


def test_a_simulated_profile_sums_its_layers(chain):
    profile = simulated_profile(EYERISS, chain, 4)
    layers = [timing.uniform_s(4) for timing in EYERISS.timings(chain)]
    assert profile.head_layer_s() == profile.tail_layer_s() == tuple(layers)


def test_a_measured_device_is_its_profile(chain):
    profile = replace(simulated_profile(EYERISS, chain), head_s={1: 1.0}, tail_s={0: 7.0})
    edge, cloud = (MeasuredDevice(profile, side).timings(chain) for side in ("edge", "cloud"))
    assert edge[0].uniform_s(2) == edge[0].uniform_s(32) == pytest.approx(1.0)
    assert sum(timing.uniform_s(32) for timing in cloud) == pytest.approx(7.0)


def test_a_profile_of_another_model_is_refused(chain):
    profile = replace(simulated_profile(EYERISS, chain), model_sha256="0" * 64)
    with pytest.raises(ProfileError, match="not of this net"):
        MeasuredDevice(profile).timings(chain)


def test_resnet50_on_the_papers_devices(resnet50):
    """Its arithmetic fills most of the edge array, and the upload dwarfs the cloud's work."""
    edge_s = sum(timing.uniform_s(8) for timing in EYERISS.timings(resnet50))
    cloud_s = sum(timing.uniform_s(16) for timing in TPU.timings(resnet50))
    ideal_s = sum(layer.macs for layer in resnet50.layers) / (168 * EYERISS.clock_hz)
    assert ideal_s < edge_s < 1.6 * ideal_s
    assert cloud_s < 0.02 * UPLOAD_S
    assert 0.4 < edge_s / (UPLOAD_S + cloud_s) < 0.47


def test_real_boards_are_in_their_known_range(resnet50):
    """Published batch-one latencies: Jetson Nano 28 to 40 ms at 16 bit; Raspberry Pi 5 tens of ms, int8."""
    nano_s = sum(timing.uniform_s(16) for timing in JETSON_NANO.timings(resnet50))
    raspberry_s = sum(timing.uniform_s(8) for timing in RASPBERRY_PI_5.timings(resnet50))
    assert 0.025 < nano_s < 0.045
    assert 0.02 < raspberry_s < 0.1
