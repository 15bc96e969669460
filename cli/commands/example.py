"""`evosplit example`: a network, pictures and a video to try everything with, without a download."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

import click
from PIL import Image

from evosplit.cli.gate.recording import gate_pictures, write_calibration, write_video
from evosplit.cli.options import FOLDER
from evosplit.shared.errors import MissingExtraError, UsageError

_VIDEO_FRAMES: Final = 240
_CALIBRATION_PICTURES: Final = 32
"""So many that plans are made from them within seconds."""
_PICTURE_FRAMES: Final = (40, 60, 80)


@click.command()
@click.argument("folder", type=FOLDER)
def example(folder: Path) -> None:
    r"""Write the gate network that EvoSplit comes with, and what its camera sees, into FOLDER.

    It reads the number plate of the car that stands at a barrier. FOLDER/models is for `evosplit cloud
    --models`, FOLDER/camera.mp4 (40 s) for `evosplit edge --source`, FOLDER/pictures to be sent by hand.

    \b
    Example: evosplit example gate
             evosplit cloud --models gate/models
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty: name a new folder")
    try:
        _write_network(folder / "models")
        _write_pictures(folder / "pictures")
    except OSError as problem:
        raise UsageError(f"cannot write to {folder}: {problem.strerror}; name another folder") from None
    click.echo(f"{folder}/models      the network, its card, and pictures to calibrate plans by")
    click.echo(f"{folder}/pictures    {len(_PICTURE_FRAMES)} pictures of its camera")
    try:
        write_video(folder / "camera.mp4", gate_pictures(_VIDEO_FRAMES))
    except MissingExtraError as missing:
        click.echo(f"evosplit: {missing}", err=True)
    else:
        click.echo(f"{folder}/camera.mp4  what the camera sees in 40 s")


def _write_network(models: Path) -> None:
    calibration = models / "gate.calibration"
    calibration.mkdir(parents=True)
    ours = files("evosplit.cli")
    for source in (ours / "assets" / "gate.onnx", ours / "cards" / "gate.yaml"):
        (models / source.name).write_bytes(source.read_bytes())
    write_calibration(calibration, _CALIBRATION_PICTURES)


def _write_pictures(folder: Path) -> None:
    folder.mkdir()
    for number, pixels in enumerate(gate_pictures(max(_PICTURE_FRAMES) + 1)):
        if number in _PICTURE_FRAMES:
            Image.fromarray(pixels).save(folder / f"{_PICTURE_FRAMES.index(number) + 1}.png")
