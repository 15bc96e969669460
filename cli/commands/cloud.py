"""`evosplit cloud`: the cloud tier on this machine."""

from __future__ import annotations

from pathlib import Path

import click
from pydantic import SecretStr

from evosplit.cli.options import DURATION, FILE, FOLDER, MODEL_SHAPE, SIZE, token_option
from evosplit.shared.measurement_store import cache_folder
from evosplit.shared.shape_text import Shape


@click.command()
@click.option(
    "--models", type=FOLDER, required=True, help="Folder of ONNX files; a model's name is its file's stem."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--data", type=FOLDER, help="Folder for bundles and profiles.")
@click.option(
    "--records",
    metavar="postgresql://USER@HOST/NAME",
    help="Keep plans, fleet and results in this database; also EVOSPLIT_RECORDS. [default: in --data]",
)
@click.option(
    "--objects",
    metavar="s3://BUCKET/PREFIX",
    help="Keep bundles, profiles and calibration inputs in this bucket; also EVOSPLIT_OBJECTS."
    " [default: in --data]",
)
@click.option(
    "--heartbeat",
    "heartbeat_s",
    type=DURATION,
    default="30s",
    show_default=True,
    help="How often edges say how they are.",
)
@click.option(
    "--shape",
    "shapes",
    type=MODEL_SHAPE,
    multiple=True,
    metavar="MODEL:INPUT=SHAPE",
    help="Size of an input with dynamic dimensions, as in net:x=1x3x640x640; may be given again.",
)
@token_option
@click.option("--tls-cert", type=FILE, help="Serve HTTPS with this certificate (PEM): evosplit certs.")
@click.option("--tls-key", type=FILE, help="The certificate's key.")
@click.option("--client-ca", type=FILE, help="Serve only clients with a certificate of this authority.")
@click.option("--cluster", metavar="HOST:PORT", help="Let other nodes join here: evosplit worker.")
@click.option("--cluster-secret", type=FILE, help="File with what the nodes of --cluster show each other.")
@click.option(
    "--address", metavar="HOST:PORT|auto", help="Join this Ray cluster instead of starting Ray here."
)
@click.option("--behind-proxy", is_flag=True, help="With --address: a proxy with TLS and limits is in front.")
@click.option(
    "--min-replicas", type=click.IntRange(min=1), default=1, show_default=True, help="Fewest replicas."
)
@click.option(
    "--replicas",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Most replicas; Ray Serve starts them as the queue asks for.",
)
@click.option("--replicas-per-node", type=click.IntRange(min=1), help="Most replicas on one node.")
@click.option(
    "--grpc-port", type=click.IntRange(1, 65535), help="Serve gRPC, too, at this port; TLS is the same."
)
@click.option("--gpus", type=click.FloatRange(min=0), default=0, show_default=True, help="GPUs of a replica.")
@click.option("--kuberay", is_flag=True, help="Print a RayService for Kubernetes with KubeRay, and end.")
@click.option("--threads", type=click.IntRange(min=0), default=0, show_default=True, help="0: all cores.")
@click.option(
    "--model-memory",
    "model_bytes",
    type=SIZE,
    default="4GB",
    show_default=True,
    help="Most bytes of models in memory; more are read when somebody asks.",
)
@click.option(
    "--drain",
    "drain_s",
    type=DURATION,
    default="30s",
    show_default=True,
    help="Answer what was accepted for so long when stopped.",
)
def cloud(
    models: Path,
    host: str,
    port: int,
    data: Path | None,
    records: str | None,
    objects: str | None,
    heartbeat_s: float,
    shapes: tuple[tuple[str, str, Shape], ...],
    token_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    cluster: str | None,
    cluster_secret: Path | None,
    address: str | None,
    behind_proxy: bool,
    min_replicas: int,
    replicas: int,
    replicas_per_node: int | None,
    grpc_port: int | None,
    gpus: float,
    kuberay: bool,
    threads: int,
    model_bytes: int,
    drain_s: float,
) -> None:
    r"""Serve the models in a folder, whole or from any cut, with Ray Serve.

    The bearer token comes from --token-file or EVOSPLIT_TOKEN; without either, one is made and stored.

    \b
    Example: evosplit cloud --models models/ --port 8000
    """
    from evosplit.cloud.server import CloudSettings, serve_cloud  # Ray takes seconds to import

    data = data or cache_folder() / "cloud"
    settings = CloudSettings(
        models=models,
        host=host,
        port=port,
        data=data,
        records=None if records is None else SecretStr(records),
        objects=objects,
        heartbeat_s=max(heartbeat_s, 1.0),
        shapes=_by_model(shapes),
        token_file=token_file,
        tls_cert=tls_cert,
        tls_key=tls_key,
        client_ca=client_ca,
        cluster=cluster,
        cluster_secret=cluster_secret,
        address=address,
        behind_proxy=behind_proxy,
        min_replicas=min_replicas,
        max_replicas=max(min_replicas, replicas),
        replicas_per_node=replicas_per_node,
        grpc_port=grpc_port,
        num_gpus=gpus,
        threads=threads,
        model_bytes=model_bytes,
        drain_s=drain_s,
    )
    if kuberay:
        from evosplit.cloud.kuberay import ray_service

        click.echo(ray_service(settings.app), nl=False)
        return
    serve_cloud(settings)


def _by_model(given: tuple[tuple[str, str, Shape], ...]) -> dict[str, dict[str, Shape]]:
    shapes: dict[str, dict[str, Shape]] = {}
    for model, name, shape in given:
        shapes.setdefault(model, {})[name] = shape
    return shapes
