"""Energy model of arithmetic, memory traffic and the radio, in joules; sources beside each figure.

    layer   J = macs x mac_j + bytes moved x memory_j_per_byte
    uplink  J = wire bytes x radio_j_per_byte + seconds on air x radio_w

Figures of different sources and silicon generations: right for comparing plans on one device, not devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Energy:
    """Joules per multiply-accumulate and per byte; watts of the radio while it sends."""

    mac_j: float
    memory_j_per_byte: float
    radio_j_per_byte: float
    radio_w: float
    source: str

    def layer_j(self, macs: float, moved_bytes: float) -> float:
        """Joules of a layer that computes ``macs`` and moves ``moved_bytes`` across the memory interface."""
        return macs * self.mac_j + moved_bytes * self.memory_j_per_byte

    def uplink_j(self, wire_bytes: float, uplink_s: float) -> float:
        """Joules of sending ``wire_bytes`` during ``uplink_s``."""
        return wire_bytes * self.radio_j_per_byte + uplink_s * self.radio_w


# Huang et al., MobiSys 2012, table 4: uplink power = 438.39 mW per Mbit/s + 1288.04 mW (LTE); Wi-Fi
# 283.17 mW per Mbit/s + 132.86 mW.
_RADIO: Final = "radio: LTE uplink, Huang et al., MobiSys 2012"
_LTE_J_PER_BYTE: Final = 438.39e-9 * 8
_LTE_W: Final = 1.28804

# Horowitz, ISSCC 2014: 1.3 to 2.6 nJ for 64 bits from DRAM (45 nm systems); the lower end.
_DDR_J_PER_BYTE: Final = 1.3e-9 / 8
# 4 pJ/bit, the usual figure for LPDDR4 and for HBM2 (3.9: O'Connor et al., MICRO 2017, who also give 14 for
# GDDR5; 7.5 is taken for GDDR6).
_LPDDR_J_PER_BYTE: Final = 4e-12 * 8
_GDDR_J_PER_BYTE: Final = 7.5e-12 * 8
_HBM_J_PER_BYTE: Final = 3.9e-12 * 8


def _energy(mac_j: float, memory_j_per_byte: float, source: str, radio: bool = True) -> Energy:
    if not radio:
        return Energy(mac_j, memory_j_per_byte, 0.0, 0.0, source)
    return Energy(mac_j, memory_j_per_byte, _LTE_J_PER_BYTE, _LTE_W, f"{source}; {_RADIO}")


EYERISS: Final = _energy(
    0.278 / (34.7 * 666e6),
    _DDR_J_PER_BYTE,
    "278 mW at 34.7 frames/s of AlexNet's 666 million MACs, Chen et al., JSSC 2017;"
    " DRAM: Horowitz, ISSCC 2014",
)
TPU: Final = _energy(
    40 / (92e12 / 2),
    _DDR_J_PER_BYTE,
    "40 W busy at 92 TOPS, Jouppi et al., ISCA 2017; DRAM: Horowitz, ISSCC 2014",
    radio=False,
)


def from_power(power_w: float, macs_per_s: float, memory: str, radio: bool) -> Energy:
    """Board power over peak rate: an upper bound, since the power feeds memory and the rest as well.

    ``memory`` is ``lpddr``, ``gddr`` or ``hbm``.
    """
    per_byte = {"lpddr": _LPDDR_J_PER_BYTE, "gddr": _GDDR_J_PER_BYTE, "hbm": _HBM_J_PER_BYTE}[memory]
    source = f"{power_w:g} W over the peak rate; {memory} at {per_byte / 8 * 1e12:g} pJ/bit"
    return _energy(power_w / macs_per_s, per_byte, source, radio)
