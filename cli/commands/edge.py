"""`evosplit edge`: the agent on an edge device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from evosplit.cli.calibration_options import calibration_options
from evosplit.cli.hook_options import hook_options
from evosplit.cli.options import (
    FOLDER,
    SIZE,
    as_share,
    drop_option,
    slowdown_option,
    threads_option,
    token_option,
)
from evosplit.edge.server import serve_edge
from evosplit.edge.settings import EdgeSettings
from evosplit.library.cache import cache_folder


@click.command()
@click.option("--cloud", "cloud_url", required=True, help="Address of the cloud tier.")
@click.option("--model", required=True, help="Name of a model that the cloud tier serves.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=9000, show_default=True)
@click.option("--data", type=FOLDER, help="Folder for the bundle, the results and the token.")
@click.option("--memory", "memory_bytes", type=SIZE, help="Memory that the head may take, as in 64MB.")
@click.option("--max-error", type=click.FloatRange(min=0), help="Quantisation error that is allowed.")
@drop_option
@click.option(
    "--integers/--no-integers", default=True, show_default=True, help="Let plans run heads in 8-bit integers."
)
@calibration_options
@click.option(
    "--corrections/--no-corrections",
    default=True,
    show_default=True,
    help="Let what frames really take correct what plans predict.",
)
@hook_options
@token_option
@slowdown_option
@threads_option
def edge(
    cloud_url: str,
    model: str,
    host: str,
    port: int,
    data: Path | None,
    memory_bytes: int | None,
    max_error: float | None,
    max_drop: float | None,
    integers: bool,
    corrections: bool,
    token_file: Path | None,
    slowdown: float,
    threads: int,
    **others: Any,  # noqa: ANN401 - as `EdgeSettings` has them
) -> None:
    r"""Run the front of MODEL here and let the cloud finish it.

    On the first start the agent measures itself and fetches plans that were made for it; later starts
    work without a cloud. The bearer token comes from --token-file or EVOSPLIT_TOKEN.

    In idle time it learns to answer early. That begins once it is shown to agree with the network in
    --exit-agreement of the frames; --no-hooks leaves all of it out.

    \b
    Example: evosplit edge --cloud http://cloud:8000 --model gate --port 9000
    """
    serve_edge(
        EdgeSettings(
            cloud_url=cloud_url,
            model=model,
            host=host,
            port=port,
            data=data or cache_folder() / "edge",
            memory_bytes=memory_bytes,
            max_error=max_error,
            max_drop=as_share(max_drop),
            integers=integers,
            corrections=corrections,
            token_file=token_file,
            slowdown=slowdown,
            threads=threads,
            **others,
        )
    )
