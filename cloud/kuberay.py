"""KubeRay manifest: the application as a ``RayService`` (ray.io/v1), from the settings of ``evosplit cloud``.

https://docs.ray.io/en/latest/cluster/kubernetes/getting-started/rayservice-quick-start.html. The cluster has
the models on one volume (unless they are in a bucket) and the data on another, both at the same place in
every pod, and the token in a secret. ``kubectl apply -f`` takes the text as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

import yaml

from evosplit.cloud.app_settings import AppSettings
from evosplit.cloud.environment import cluster_environment
from evosplit.cloud.repository.model_source import is_bucket
from evosplit.shared.token import TOKEN_VARIABLE

NAME: Final = "evosplit"
IMAGE: Final = "evosplit-cloud:latest"
"""That of ``compose/cloud.Dockerfile``, or one with ``evosplit[cloud]`` in it."""
MODELS: Final = "/models"
DATA: Final = "/data"
PORT: Final = 8000
_CPUS: Final = 2
_MEMORY: Final = "4Gi"


def ray_service(settings: AppSettings, image: str = IMAGE) -> str:
    """The manifest as YAML. Data and a folder of models are on the volumes, whatever the settings say."""
    manifest = {
        "apiVersion": "ray.io/v1",
        "kind": "RayService",
        "metadata": {"name": NAME, "labels": {"app.kubernetes.io/name": NAME}},
        "spec": {
            "serveConfigV2": yaml.safe_dump(serve_config(settings), sort_keys=False),
            "rayClusterConfig": {
                "rayVersion": version("ray"),
                "headGroupSpec": {
                    "rayStartParams": {"num-cpus": "0"},
                    "template": _pod(image, "ray-head", 0.0, _volumes(settings)),
                },
                "workerGroupSpecs": [_workers(settings, image)],
            },
        },
    }
    return yaml.safe_dump(manifest, sort_keys=False)


def serve_config(settings: AppSettings) -> dict[str, Any]:
    """The configuration that Ray Serve reads: one application, ``evosplit.cloud.app:build``."""
    chosen = settings.model_dump(
        mode="json", exclude={"models", "data", "token", "token_file", "records"}, exclude_defaults=True
    )
    return {
        "proxy_location": "EveryNode",
        "http_options": {"host": "0.0.0.0", "port": PORT},  # noqa: S104 - the service's pods are its only way in
        "applications": [
            {
                "name": NAME,
                "route_prefix": "/",
                "import_path": "evosplit.cloud.app:build",
                "args": {"models": _models(settings), "data": DATA, **chosen},
            }
        ],
    }


def _workers(settings: AppSettings, image: str) -> dict[str, Any]:
    return {
        "groupName": "replicas",
        "replicas": settings.min_replicas,
        "minReplicas": settings.min_replicas,
        "maxReplicas": max(settings.min_replicas, settings.max_replicas),
        "rayStartParams": {},
        "template": _pod(image, "ray-worker", settings.num_gpus, _volumes(settings)),
    }


def _models(settings: AppSettings) -> str:
    return settings.models if is_bucket(settings.models) else MODELS


def _volumes(settings: AppSettings) -> tuple[dict[str, Any], ...]:
    """Where each volume is mounted."""
    data = {"name": "data", "mountPath": DATA}
    if is_bucket(settings.models):
        return (data,)
    return ({"name": "models", "mountPath": MODELS, "readOnly": True}, data)


def _pod(image: str, name: str, gpus: float, mounts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    limits = {"cpu": _CPUS, "memory": _MEMORY} | ({"nvidia.com/gpu": 1} if gpus else {})
    secret = {"secretKeyRef": {"name": NAME, "key": "token"}}
    environment = [{"name": key, "value": value} for key, value in cluster_environment().items()]
    container = {
        "name": name,
        "image": image,
        "env": [*environment, {"name": TOKEN_VARIABLE, "valueFrom": secret}],
        "resources": {"requests": dict(limits), "limits": limits},
        "volumeMounts": list(mounts),
    }
    volumes = [
        {"name": name, "persistentVolumeClaim": {"claimName": f"{NAME}-{name}"}}
        for name in (mount["name"] for mount in mounts)
    ]
    return {"spec": {"containers": [container], "volumes": volumes}}
