import pytest

from evosplit.planner.devices.energy import EYERISS, from_power
from evosplit.planner.devices.presets import DEVICES


def test_a_layer_and_an_upload_by_hand():
    energy = from_power(10, 1e12, "lpddr", radio=True)
    assert energy.layer_j(1e9, 1e6) == pytest.approx(1e9 * 10e-12 + 1e6 * 32e-12)
    assert energy.uplink_j(1e6, 2.0) == pytest.approx(8 * 0.43839 + 2 * 1.28804)


def test_eyeriss_spends_what_its_chip_was_measured_at():
    assert 34.7 * 666e6 * EYERISS.mac_j == pytest.approx(0.278)


def test_every_preset_names_its_source():
    for device in DEVICES:
        assert device.energy is not None
        assert device.energy.source
        assert 1e-14 < device.energy.mac_j < 1e-9
        assert 1e-12 < device.energy.memory_j_per_byte < 1e-9


def test_only_edges_have_a_radio():
    senders = {device.name for device in DEVICES if device.energy and device.energy.radio_w > 0}
    assert senders == {"eyeriss", "eyeriss-published", "jetson-nano", "jetson-orin-nano", "raspberry-pi-5"}
