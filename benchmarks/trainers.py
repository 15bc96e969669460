"""Forward-forward and SymBa against the baseline trainer: same samples, sampler and calibration.

Features are 2 x 2 pooled taps of ResNet-56 on CIFAR-10 training images, labels are the network's own answers.
Everything is judged on test images that neither the network nor a trainer has seen. Each trainer runs in a
process of its own with one BLAS thread, a second time to count its memory. Mind that the network knows its
training images by heart: on them its answers are easier to guess than on new ones, and thresholds calibrated
on them promise too much. A device samples what it meets, and has no such trouble.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from benchmarks.report import write_result
from evosplit.edge.hook_learning.sampler import Sampler
from evosplit.edge.hook_training.answer_classes import choose_answers, labels_of
from evosplit.edge.hook_training.sample_split import split
from evosplit.edge.hook_training.samples import Sample, Samples
from evosplit.edge.hook_training.thresholds import threshold
from evosplit.edge.hook_training.trained_classifier import decide
from evosplit.edge.hook_training.trainers import TRAINERS

SHARED = Path(__file__).resolve().parents[2] / "shared"
TAPS = ("layer2.2.out", "layer2.8.out", "layer3.2.out", "layer3.5.out")
IMAGES = 10_000
TARGET = 0.99
LIMIT_BYTES = 64 << 20
MEAN, STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


def main() -> None:
    """Measure and write the result."""
    with np.load(SHARED / "data/cifar10/cifar10.npz") as images:
        train, test = images["x_train"][:IMAGES], images["x_test"]
    seen, answers = _tapped(train)
    fresh, expected = _tapped(test)
    rows = [
        {
            "tap": tap,
            "width": seen[tap].shape[1],
            "trainer": name,
            **_row(seen[tap], answers, fresh[tap], expected, name),
        }
        for tap in TAPS
        for name in TRAINERS
    ]
    write_result("trainers", {"target": TARGET, "images": IMAGES, "test_images": len(test), "rows": rows})
    _print(rows)


def _tapped(images: NDArray[np.uint8]) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.int64]]:
    """Pooled taps by name `(n, d)`, and the network's answers `(n,)`."""
    model = onnx.load(SHARED / "models/resnet56_cifar10.onnx")
    for tap in TAPS:
        model.graph.output.append(onnx.helper.make_tensor_value_info(tap, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    batches = [_run(session, images[start : start + 100]) for start in range(0, len(images), 100)]
    logits, *taps = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return dict(zip(TAPS, taps, strict=True)), logits.argmax(axis=1)


def _run(session: Any, images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:  # noqa: ANN401
    inputs = ((images / np.float32(255) - MEAN) / STD).transpose(0, 3, 1, 2)
    logits, *taps = session.run(None, {"input": np.ascontiguousarray(inputs, np.float32)})
    return [logits, *(_pooled(tap) for tap in taps)]


def _pooled(tap: NDArray[np.float32]) -> NDArray[np.float32]:
    count, channels, height, width = tap.shape
    means = tap.reshape(count, channels, 2, height // 2, 2, width // 2).mean(axis=(3, 5), dtype=np.float32)
    return np.asarray(means.reshape(count, -1), np.float32)


def _row(
    features: NDArray[np.float32],
    answers: NDArray[np.int64],
    fresh: NDArray[np.float32],
    expected: NDArray[np.int64],
    name: str,
) -> dict[str, Any]:
    samples = _sampled(features, answers)
    named = choose_answers(samples)
    labels, parts = labels_of(samples, named), split(samples)
    held = np.concatenate([parts.validation, parts.calibration])
    arrays = {
        "features": samples.features[parts.train],
        "labels": labels[parts.train],
        "held": samples.features[held],
        "fresh": fresh,
    }
    made, scores = _child(name, len(named), arrays)
    wanted = np.asarray([named.index(str(answer)) for answer in expected])
    return {**made, **_judged(scores, labels[held], wanted, named), "samples": len(parts.train)}


def _sampled(features: NDArray[np.float32], answers: NDArray[np.int64]) -> Samples:
    sampler = Sampler(LIMIT_BYTES, 0)
    for row, answer in zip(features, answers, strict=True):
        sampler.offer(Sample(row, str(answer), {}))
    return sampler.samples()


def _judged(
    scores: dict[str, NDArray[np.float32]],
    held: NDArray[np.int64],
    fresh: NDArray[np.int64],
    named: tuple[str, ...],
) -> dict[str, Any]:
    best, confidence = decide(scores["held"], named)
    least = threshold(confidence, best == held, TARGET)
    best, confidence = decide(scores["fresh"], named)
    exits = confidence >= (np.inf if least is None else least)
    agrees = best == fresh
    return {
        "test_agreement": float(agrees.mean()),
        "threshold": least,
        "test_exit_rate": float(exits.mean()),
        "test_exit_agreement": float(agrees[exits].mean()) if exits.any() else None,
    }


def _child(
    name: str, classes: int, arrays: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    with tempfile.TemporaryDirectory(prefix="evosplit-trainers-") as folder:
        given, taken = Path(folder) / "given.npz", Path(folder) / "taken.npz"
        np.savez(given, **arrays)
        command = [sys.executable, "-m", "benchmarks.trainers", name, str(classes), str(given), str(taken)]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        with np.load(taken) as scores:
            return json.loads(answer.stdout), {part: scores[part] for part in scores.files}


def train_one(name: str, classes: int, given: Path, taken: Path) -> None:
    """The child: train, score, and print what it took as JSON."""
    with np.load(given) as arrays:
        features, labels = arrays["features"], arrays["labels"]
        others = {part: arrays[part] for part in ("held", "fresh")}
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    classifier = TRAINERS[name](features, labels, classes, 0)
    took: dict[str, float] = {
        "train_s": time.perf_counter() - start_s,
        "train_cpu_s": time.process_time() - start_cpu_s,
    }
    tracemalloc.start()
    TRAINERS[name](features, labels, classes, 0)
    took["memory_peak_bytes"] = tracemalloc.get_traced_memory()[1]
    scores: dict[str, Any] = {part: classifier.scores(values) for part, values in others.items()}
    np.savez(taken, **scores)
    print(json.dumps({**took, "macs": classifier.macs}))


def _print(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        print(
            f"{row['tap']:13} {row['trainer']:16} agrees {row['test_agreement']:.3f}"
            f"  exits {row['test_exit_rate']:.3f}  cpu {row['train_cpu_s']:.2f} s"
            f"  memory {row['memory_peak_bytes'] / 1e6:.1f} MB  {row['macs']} MACs"
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        train_one(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        main()
