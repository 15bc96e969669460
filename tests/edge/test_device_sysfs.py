"""Readings of devices as their files show them: a Jetson, a laptop, a container that shows nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from evosplit.edge.device.device_watch import DeviceWatch, read_device
from evosplit.edge.device.load import load_share, stalled_share
from evosplit.edge.device.nvpmodel import parsed_mode, power_mode
from evosplit.edge.device.sysfs import clock_share, heat, on_battery
from evosplit.shared.device_state import DeviceState


def _write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text + "\n")


def _zone(sys: Path, number: int, temp: str, *trips: tuple[str, str]) -> None:
    points = {}
    for index, (kind, limit) in enumerate(trips):
        points |= {f"trip_point_{index}_type": kind, f"trip_point_{index}_temp": limit}
    _write(sys / f"class/thermal/thermal_zone{number}", temp=temp, **points)


def test_the_zone_nearest_to_its_limit_counts(tmp_path: Path) -> None:
    _zone(tmp_path, 0, "51500", ("critical", "99000"), ("passive", "87000"), ("active", "50000"))
    _zone(tmp_path, 1, "66000", ("passive", "70000"))
    _zone(tmp_path, 2, "-256000", ("passive", "70000"))  # switched off
    _zone(tmp_path, 3, "90000")
    assert heat(tmp_path) == (66.0, 70.0)


@pytest.mark.parametrize("temp", ["", "garbage", "n/a"])
def test_a_zone_that_reads_nonsense_is_none(tmp_path: Path, temp: str) -> None:
    _zone(tmp_path, 0, temp, ("passive", "70000"))
    assert heat(tmp_path) == (None, None)


def test_the_clock_is_what_the_slowest_policy_allows(tmp_path: Path) -> None:
    cpufreq, most = tmp_path / "devices/system/cpu/cpufreq", "1510400"
    _write(cpufreq / "policy0", scaling_max_freq=most, cpuinfo_max_freq=most, scaling_cur_freq="102000")
    _write(cpufreq / "policy4", scaling_max_freq="755200", cpuinfo_max_freq=most)
    _write(cpufreq / "policy6", scaling_max_freq="0", cpuinfo_max_freq=most)
    assert clock_share(tmp_path) == 0.5


@pytest.mark.parametrize(
    ("supplies", "is_battery"),
    [
        ({}, False),
        ({"B": {"type": "Battery", "status": "Discharging"}}, True),
        ({"B": {"type": "Battery", "status": "Charging"}, "AC": {"type": "Mains", "online": "1"}}, False),
        (
            {"B": {"type": "Battery", "status": "Discharging"}, "AC": {"type": "Mains", "online": "0"}},
            True,
        ),
        ({"B": {"type": "Battery", "status": "Discharging"}, "u": {"type": "USB", "online": "1"}}, False),
        ({"hid": {"type": "Battery", "status": "Discharging", "scope": "Device"}}, False),
    ],
)
def test_battery_or_mains(tmp_path: Path, supplies: dict[str, dict[str, str]], is_battery: bool) -> None:
    for name, files in supplies.items():
        _write(tmp_path / "class/power_supply" / name, **files)
    assert on_battery(tmp_path) is is_battery


def test_a_container_shows_nothing(tmp_path: Path) -> None:
    assert (heat(tmp_path), clock_share(tmp_path), on_battery(tmp_path)) == ((None, None), 1.0, False)
    assert (stalled_share(tmp_path), load_share(tmp_path)) == (None, None)


def test_load(tmp_path: Path) -> None:
    _write(tmp_path, loadavg="3.00 2.50 2.00 1/100 4242")
    _write(tmp_path / "pressure", cpu="some avg10=37.50 avg60=1.00 avg300=0.00 total=1\nfull avg10=0.00")
    assert load_share(tmp_path, 4) == 0.75
    assert stalled_share(tmp_path) == 0.375
    _write(tmp_path, loadavg="what?")
    assert load_share(tmp_path, 4) is None


@pytest.mark.parametrize(
    ("output", "mode"),
    [
        ("NV Power Mode: MAXN\n0\n", "MAXN"),
        ("NVPM WARN: fan mode is not set!\nNV Power Mode: MODE_15W_2CORE\n2", "15W_2CORE"),
        ("NV Power Mode: 15W\n", "15W"),
        ("NVPM ERROR: no such file\n", None),
        ("", None),
    ],
)
def test_the_power_mode_of_a_jetson(output: str, mode: str | None) -> None:
    assert parsed_mode(output) == mode


def test_the_command_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert power_mode() is None
    command = tmp_path / "nvpmodel"
    command.write_text('#!/bin/sh\n[ "$1" = -q ] && echo "NV Power Mode: MAXN"\n')
    command.chmod(0o755)
    assert power_mode() == "MAXN"
    command.write_text("#!/nonexistent\n")
    assert power_mode() is None


async def test_a_watch_hands_on_what_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    readings = iter([DeviceState(60.0, 85.0), DeviceState(86.0, 85.0, is_hot=True)])
    seen: list[DeviceState] = []

    def see(state: DeviceState) -> DeviceState:
        seen.append(state)
        return state

    watch = DeviceWatch(see, lambda: next(readings))
    await watch.look()
    await watch.look()
    assert [state.temperature_c for state in seen] == [60.0, 86.0]
    assert "the device is hot: 86.0 degrees" in caplog.text
    assert 0 < read_device().clock_share <= 1
