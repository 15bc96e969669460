"""The manifest for KubeRay: of a shape that its operator takes, and of settings that the tier takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from evosplit.cli.main import main
from evosplit.cloud.app_settings import AppSettings
from evosplit.cloud.kuberay import DATA, MODELS, ray_service

_POD: dict[str, Any] = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["containers"],
            "properties": {
                "containers": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["name", "image"],
                        "properties": {
                            "env": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["name"],
                                    "properties": {
                                        "value": {"type": "string"},
                                        "valueFrom": {"type": "object"},
                                    },
                                },
                            },
                            "volumeMounts": {
                                "type": "array",
                                "items": {"type": "object", "required": ["name", "mountPath"]},
                            },
                        },
                    },
                },
            },
        },
    },
}
_PARAMETERS = {"type": "object", "additionalProperties": {"type": "string"}}
RAY_SERVICE: dict[str, Any] = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"const": "ray.io/v1"},
        "kind": {"const": "RayService"},
        "metadata": {"type": "object", "required": ["name"]},
        "spec": {
            "type": "object",
            "required": ["rayClusterConfig"],
            "properties": {
                "serveConfigV2": {"type": "string"},
                "rayClusterConfig": {
                    "type": "object",
                    "required": ["headGroupSpec"],
                    "properties": {
                        "rayVersion": {"type": "string"},
                        "headGroupSpec": {
                            "type": "object",
                            "required": ["template"],
                            "properties": {"rayStartParams": _PARAMETERS, "template": _POD},
                        },
                        "workerGroupSpecs": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["groupName", "maxReplicas", "minReplicas", "template"],
                                "properties": {
                                    "groupName": {"type": "string"},
                                    "replicas": {"type": "integer"},
                                    "minReplicas": {"type": "integer"},
                                    "maxReplicas": {"type": "integer"},
                                    "rayStartParams": _PARAMETERS,
                                    "template": _POD,
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""The part of KubeRay's custom resource definition (ray.io/v1) that the manifest uses."""


@pytest.mark.parametrize(
    "more", [{}, {"max_replicas": 5, "num_gpus": 0.5, "shapes": {"net": {"x": [1, 3, 8, 8]}}}]
)
def test_it_is_of_the_operators_shape(more: dict[str, Any]) -> None:
    settings = AppSettings.model_validate({"models": "here", "data": "there", **more})
    manifest = yaml.safe_load(ray_service(settings))
    jsonschema.validate(manifest, RAY_SERVICE)
    (workers,) = manifest["spec"]["rayClusterConfig"]["workerGroupSpecs"]
    assert workers["maxReplicas"] == settings.max_replicas
    mounted = {mount["name"] for mount in workers["template"]["spec"]["containers"][0]["volumeMounts"]}
    assert mounted == {volume["name"] for volume in workers["template"]["spec"]["volumes"]}


@pytest.mark.filterwarnings("ignore:.*extra keyword arguments on `Field`")
def test_ray_serve_and_the_application_take_its_configuration() -> None:
    from ray.serve.schema import ServeDeploySchema

    settings = AppSettings(models="here", data=Path("there"), max_replicas=3, threads=2)
    config = yaml.safe_load(yaml.safe_load(ray_service(settings))["spec"]["serveConfigV2"])
    (application,) = ServeDeploySchema.model_validate(config).applications
    taken = AppSettings.model_validate(application.args)
    assert taken == settings.model_copy(update={"models": MODELS, "data": Path(DATA)})


def test_models_in_a_bucket_need_no_volume() -> None:
    place = "s3://models/served"
    manifest = yaml.safe_load(ray_service(AppSettings(models=place, data=Path("there"))))
    jsonschema.validate(manifest, RAY_SERVICE)
    spec = manifest["spec"]["rayClusterConfig"]["headGroupSpec"]["template"]["spec"]
    assert [volume["name"] for volume in spec["volumes"]] == ["data"]
    config = yaml.safe_load(manifest["spec"]["serveConfigV2"])
    assert config["applications"][0]["args"]["models"] == place


def test_no_token_is_in_it(tmp_path: Path) -> None:
    settings = AppSettings.model_validate({"models": "m", "data": "d", "token": "a-secret-token"})
    assert "a-secret-token" not in ray_service(settings)
    shown = CliRunner().invoke(main, ["cloud", "--models", str(tmp_path), "--replicas", "4", "--kuberay"])
    assert shown.exit_code == 0
    assert yaml.safe_load(shown.output)["kind"] == "RayService"
