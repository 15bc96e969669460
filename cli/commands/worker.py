"""`evosplit worker`: a node that adds replicas to a cloud tier."""

from __future__ import annotations

from pathlib import Path

import click

from evosplit.cli.options import DURATION, FILE


@click.command()
@click.option("--cluster", metavar="HOST:PORT", required=True, help="--cluster of the cloud to join.")
@click.option("--cluster-secret", type=FILE, required=True, help="The file that the cloud has, too.")
@click.option("--gpus", type=click.IntRange(min=0), default=0, show_default=True, help="GPUs of this node.")
@click.option(
    "--wait", "wait_s", type=DURATION, default="300s", show_default=True, help="Until the cloud is there."
)
def worker(cluster: str, cluster_secret: Path, gpus: int, wait_s: float) -> None:
    r"""Join a cloud tier that was started with --cluster, and run replicas of it on this machine.

    Models and data are to be at the same paths as there. Nodes talk in the clear, on a network of their own.

    \b
    Example: evosplit cloud --models /models --cluster 10.0.0.5:6379 --cluster-secret secret --replicas 4
             evosplit worker --cluster 10.0.0.5:6379 --cluster-secret secret
    """
    from evosplit.cloud.cluster_address import cluster_address
    from evosplit.cloud.worker import run_worker

    address = cluster_address(cluster, cluster_secret)
    assert address is not None  # noqa: S101 - both are given
    run_worker(address, gpus, wait_s)
