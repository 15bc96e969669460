"""`evosplit cloud`: the cloud tier on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from evosplit.cli.options import FOLDER, MODEL_SHAPE, config_option, token_option
from evosplit.cli.settings_options import given, settings_options
from evosplit.cloud.settings import CloudSettings
from evosplit.shared.config.load import load_settings
from evosplit.shared.shape_text import Shape


@click.command()
@settings_options(CloudSettings)
@click.option("--data", type=FOLDER, help="Folder for bundles and profiles.")
@click.option(
    "--shape",
    "shapes",
    type=MODEL_SHAPE,
    multiple=True,
    metavar="MODEL:INPUT=SHAPE",
    help="Size of an input with dynamic dimensions, as in net:x=1x3x640x640; may be given again.",
)
@token_option
@click.option("--kuberay", is_flag=True, help="Print a RayService for Kubernetes with KubeRay, and end.")
@config_option
@click.pass_context
def cloud(context: click.Context, /, kuberay: bool, config: Path | None, **options: Any) -> None:  # noqa: ANN401 - as `CloudSettings` has them
    r"""Serve the models in a folder, whole or from any cut, with Ray Serve.

    The bearer token comes from --token-file or EVOSPLIT_TOKEN; without either, one is made and stored.
    What no option says is taken from the environment (EVOSPLIT_CLOUD_PORT and the like), then from the
    file of --config.

    \b
    Example: evosplit cloud --models models/ --port 8000
    """
    told = given(context, options)
    if "shapes" in told:
        told["shapes"] = _by_model(told["shapes"])
    settings = load_settings(CloudSettings, told, config).settings
    if kuberay:
        from evosplit.cloud.kuberay import ray_service

        click.echo(ray_service(settings.app), nl=False)
        return
    from evosplit.cloud.server import serve_cloud  # Ray takes seconds to import

    serve_cloud(settings)


def _by_model(given: tuple[tuple[str, str, Shape], ...]) -> dict[str, dict[str, Shape]]:
    shapes: dict[str, dict[str, Shape]] = {}
    for model, name, shape in given:
        shapes.setdefault(model, {})[name] = shape
    return shapes
