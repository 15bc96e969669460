"""Training, export and evaluation of the network: `python -m evosplit.cli.gate.train --out cli/assets`.

Needs PyTorch (extra `train`). Symbols are learnt on windows around the plate first, everything else on whole
frames after that. Two idle cores with bfloat16 take about half an hour with the defaults, rendering included.
With a checkpoint, `--frame-steps 0` only exports and measures; `--frame-steps N` trains on from it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from evosplit.cli.gate.dataset import CROP_PX, RenderedSet, crop_corner, render_set, shuffled_batches
from evosplit.cli.gate.export import describe, export
from evosplit.cli.gate.network import GateNet

_log = logging.getLogger("gate.train")
_VALIDATION_SEED = 1
_TRAINING_SEED = 0
Batch = tuple[torch.Tensor, torch.Tensor]


@dataclasses.dataclass(frozen=True)
class Phase:
    """One stretch of training: window or whole frame, steps, batch size, highest learning rate."""

    name: str
    cropped: bool
    steps: int
    batch: int
    rate: float


def _to_tensor(frames: np.ndarray) -> torch.Tensor:
    images = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255
    return images.contiguous(memory_format=torch.channels_last)


def _batches(data: RenderedSet, phase: Phase, rng: np.random.Generator) -> Iterator[Batch]:
    """Yield images with a random gain, and their classes."""
    for picked in shuffled_batches(len(data.slots), phase.batch, rng):
        row, column = crop_corner(rng) if phase.cropped else (0, 0)
        height, width = CROP_PX if phase.cropped else data.frames.shape[1:3]
        images = _to_tensor(data.frames[np.sort(picked), row : row + height, column : column + width])
        gain = torch.from_numpy(rng.uniform(0.85, 1.15, (len(picked), 1, 1, 1)).astype(np.float32))
        yield (images * gain).clamp(max=1), torch.from_numpy(data.slots[np.sort(picked)])


def _loss(net: GateNet, batch: Batch) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = net(batch[0])
    return functional.cross_entropy(logits.float().flatten(0, 1), batch[1].flatten())


def _run_phase(net: GateNet, data: RenderedSet, phase: Phase, after: Callable[[int, float], None]) -> None:
    """Take the steps of one phase under a one-cycle learning rate."""
    optimiser = torch.optim.AdamW(net.parameters(), lr=phase.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, phase.rate, phase.steps, pct_start=0.1)
    batches = _batches(data, phase, np.random.default_rng([_TRAINING_SEED, phase.steps]))
    for step in range(1, phase.steps + 1):
        net.train()
        optimiser.zero_grad()
        loss = _loss(net, next(batches))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        after(step, float(loss.detach()))


def _exact(net: GateNet, data: RenderedSet, phase: Phase) -> float:
    """Share of validation frames with every slot right."""
    net.eval()
    once = dataclasses.replace(phase, batch=100)
    batches = _batches(data, once, np.random.default_rng(0))
    right = []
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for _ in range(len(data.slots) // once.batch):
            images, slots = next(batches)
            right.append((net(images).argmax(dim=2) == slots).all(dim=1).float().mean())
    return float(torch.stack(right).mean())


def _train(
    net: GateNet,
    phase: Phase,
    sets: tuple[RenderedSet, RenderedSet],
    work: Path,
    before: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Run a phase, leave the best weights seen in `net` and in a checkpoint, and add it to those `before`."""
    data, check = sets
    best, checkpoint, started = -1.0, work / f"{phase.name}.pt", time.monotonic()

    def after(step: int, loss: float) -> None:
        nonlocal best
        if step % 50 == 0:
            _log.info("%s step %d loss %.4f %.0f s", phase.name, step, loss, time.monotonic() - started)
        if step % 200 == 0 or step == phase.steps:
            exact = _exact(net, check, phase)
            _log.info("%s step %d validation %.4f", phase.name, step, exact)
            if exact >= best:
                best = exact
                taken = {**dataclasses.asdict(phase), "best_step": step, "validation_exact": exact}
                torch.save({"weights": net.state_dict(), "phases": [*before, taken]}, checkpoint)

    _run_phase(net, data, phase, after)
    return _load(net, checkpoint)


def _load(net: GateNet, checkpoint: Path) -> list[dict[str, Any]]:
    """Take the weights from a checkpoint; return how they came to be, phase by phase."""
    saved = torch.load(checkpoint)
    net.load_state_dict(saved["weights"])
    return list(saved["phases"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train, export and measure the gate network.")
    parser.add_argument(
        "--out", type=Path, default=Path("cli/assets"), help="where gate.onnx and gate.json go"
    )
    parser.add_argument(
        "--work", type=Path, default=Path("build/gate"), help="rendered frames and checkpoints"
    )
    parser.add_argument("--frames", type=int, default=32_000, help="training frames to render (154 kB each)")
    parser.add_argument(
        "--window-steps", type=int, default=3_000, help="steps of 64 windows around the plate"
    )
    parser.add_argument("--frame-steps", type=int, default=1_500, help="steps of 32 whole frames")
    parser.add_argument("--start-from", type=Path, help="a checkpoint to begin with, instead of the windows")
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch")
    return parser.parse_args()


def _trained(options: argparse.Namespace, net: GateNet) -> list[dict[str, Any]]:
    """Render and train what is asked for; tell the phases taken."""
    windows = Phase("windows", True, options.window_steps, 64, 2e-3)
    phases = [windows, Phase("frames", False, options.frame_steps, 32, 1e-3)]
    taken: list[dict[str, Any]] = []
    if options.start_from:
        taken, phases = _load(net, options.start_from), phases[1:]
    for phase in phases:
        if phase.steps:
            data = render_set(options.work / "train.npy", options.frames, _TRAINING_SEED, options.threads)
            check = render_set(options.work / "check.npy", 1000, _VALIDATION_SEED, options.threads)
            taken = _train(net, phase, (data, check), options.work, taken)
    return taken


def main() -> None:
    """Render, train, export, measure."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options = _arguments()
    torch.manual_seed(_TRAINING_SEED)
    torch.set_num_threads(options.threads)
    for folder in (options.work, options.out):
        folder.mkdir(parents=True, exist_ok=True)
    net = GateNet().to(memory_format=torch.channels_last)
    phases = _trained(options, net)
    export(net, options.out / "gate.onnx")
    seeds = {"training": _TRAINING_SEED, "validation": _VALIDATION_SEED}
    trained = {"torch": torch.__version__, "frames": options.frames, "seeds": seeds, "phases": phases}
    report = {**describe(options.out / "gate.onnx"), "trained": trained}
    (options.out / "gate.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
