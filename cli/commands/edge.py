"""`evosplit edge`: the agent on an edge device."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from evosplit.cli.doctor_view import print_findings
from evosplit.cli.log_lines import log_lines
from evosplit.cli.options import FOLDER, as_share, config_option, drop_option, token_option
from evosplit.cli.settings_options import given, settings_options
from evosplit.edge.doctor.finding import has_problem
from evosplit.edge.server import serve_edge
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.config.load import load_settings


@click.command()
@settings_options(EdgeSettings)
@click.option("--data", type=FOLDER, help="Folder for the bundle, the results and the token.")
@click.option(
    "--source",
    multiple=True,
    metavar="[NAME=]ADDRESS",
    help="Take frames from there: rtsp://..., v4l2:0, a video, a folder/; may be given several times.",
)
@click.option(
    "--sink",
    multiple=True,
    metavar="ADDRESS[ if RULE]",
    help="Send results there, too: https://... or mqtt://...; may be given several times.",
)
@click.option(
    "--doctor", is_flag=True, help="Check device, settings and clouds, and say what to do; do not serve."
)
@drop_option
@token_option
@config_option
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of settings, one EVOSPLIT_EDGE_NAME=value a line.",
)
@click.pass_context
def edge(
    context: click.Context,
    /,
    config: Path | None,
    settings: Path | None,
    max_drop: float | None,
    doctor: bool,
    **options: Any,  # noqa: ANN401 - as `EdgeSettings` has them
) -> None:
    r"""Run the front of MODEL here and let the cloud finish it.

    On the first start the agent measures itself and fetches plans that were made for it; later starts
    work without a cloud. The bearer token comes from --token-file or EVOSPLIT_TOKEN. What no option says is
    taken from the environment (EVOSPLIT_EDGE_PORT and the like), then from the files of --settings and
    --config.

    In idle time it learns to answer early. That begins once it is shown to agree with the network in
    --exit-agreement of the frames; --no-hooks leaves all of it out.

    \b
    Example: evosplit edge --cloud http://cloud:8000 --model gate --port 9000
             evosplit edge --config edge.yaml --doctor
    """
    told = given(context, options)
    if max_drop is not None:
        told["max_drop"] = as_share(max_drop)
    wanted = load_settings(EdgeSettings, told, config, settings).settings
    if doctor:
        sys.exit(1 if has_problem(print_findings(wanted)) else 0)
    with log_lines("edge"):
        serve_edge(wanted)
