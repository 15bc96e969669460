"""What beginners do wrong ends in one line that says what to do, in docs/troubleshooting.md as well."""

from __future__ import annotations

import http.server
import json
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from evosplit.cli.main import main
from evosplit.shared.free_ports import free_port

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
EDGE = "edge --cloud http://127.0.0.1:{free} --model gate --port {free2} --data state"


@dataclass(frozen=True)
class Mistake:
    """``last``: what stands in the last line; ``row``: what of it stands in the table of the page."""

    name: str
    command: str
    last: str
    row: str


MISTAKES = (
    Mistake(
        "path",
        "inspect nothing.onnx",
        "nothing.onnx: there is no such file: give the path",
        "there is no such file",
    ),
    Mistake(
        "no-models",
        "cloud --models nowhere",
        "nowhere: lay NAME.onnx files into it",
        "no folder of models at",
    ),
    Mistake(
        "empty-models",
        "cloud --models empty",
        "empty: lay NAME.onnx files into it",
        "no ONNX files (NAME.onnx) in",
    ),
    Mistake(
        "cloud-port",
        "cloud --models models --port {taken}",
        "choose another: --port",
        "address already in use",
    ),
    Mistake(
        "edge-port",
        "edge --cloud http://127.0.0.1:{free} --model gate --data state --port {taken}",
        "choose another: --port",
        "address already in use",
    ),
    Mistake(
        "no-cloud",
        EDGE,
        "connection refused; the first start needs it to make plans: start it",
        "needs it to make plans",
    ),
    Mistake(
        "no-scheme",
        "edge --cloud 10.0.0.5:8000 --model gate",
        "write it like http://host:8000",
        "not a cloud address",
    ),
    Mistake(
        "no-agent",
        "results --edge http://127.0.0.1:{free}",
        "start it, or correct the address",
        "no answer from",
    ),
    Mistake(
        "no-token",
        "results --edge http://127.0.0.1:{wary}",
        "--token-file or EVOSPLIT_TOKEN",
        "a bearer token is needed",
    ),
    Mistake("no-card", "demo --model models/own.onnx --images pictures", "`evosplit new`", "no model card"),
    Mistake(
        "camera", EDGE + " --source gate=rstp://camera", "write it like rtsp://camera/stream", "not a source"
    ),
    Mistake("no-pyav", EDGE + " --source gate=rtsp://camera", "pip install 'evosplit[video]'", "needs PyAV"),
    Mistake(
        "value",
        "edge --cloud http://a:1 --model gate --power sun",
        "'auto', 'mains', 'battery'",
        "is not one of",
    ),
    Mistake("unit", "plan models/gate.onnx --bandwidth 5", "write it like 5mbit", "not a bandwidth"),
    Mistake("option", "edge --cluod http://a:1", "Did you mean", "No such option"),
    Mistake("typo", "edge --config typo.yaml", "did you mean memory_bytes?", "there is no setting"),
    Mistake("no-setting", "edge --model gate", "give --cloud", "field required"),
    Mistake(
        "state",
        "edge --cloud http://a:1 --model gate --port 0 --data typo.yaml/state",
        "choose another: --data",
        "cannot use the data directory",
    ),
)


class _Wary(http.server.BaseHTTPRequestHandler):
    """Answers as a tier does whom nobody has shown a token."""

    def do_GET(self) -> None:
        body = json.dumps({"error": "a bearer token is needed"}).encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        http.server.HTTPServer(("127.0.0.1", 0), _Wary) as wary,
    ):
        thread = threading.Thread(target=wary.serve_forever)
        thread.start()
        taken = other.getsockname()[1]
        yield {"taken": taken, "wary": wary.server_port, "free": free_port(), "free2": free_port()}
        wary.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _beginners_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("empty", "models", "pictures"):
        (tmp_path / name).mkdir()
    model = files("evosplit.cli") / "assets" / "gate.onnx"
    (tmp_path / "models" / "own.onnx").write_bytes(model.read_bytes())
    (tmp_path / "models" / "gate.onnx").write_bytes(model.read_bytes())
    Image.new("RGB", (32, 32)).save(tmp_path / "pictures" / "1.png")
    (tmp_path / "typo.yaml").write_text("cloud_url: [http://127.0.0.1:8000]\nmodel: gate\nmemory: 64MB\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVOSPLIT_TOKEN", raising=False)
    monkeypatch.setenv("EVOSPLIT_EDGE_ENROL_WAIT_S", "0")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_ends_in_a_line_that_says_what_to_do(
    mistake: Mistake, ports: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    if mistake.name == "no-pyav":
        monkeypatch.setitem(sys.modules, "av", None)
    result = CliRunner().invoke(main, mistake.command.format(**ports).split())
    assert result.exit_code in (1, 2), result.output
    assert isinstance(result.exception, SystemExit), result.exception
    last = result.output.strip().splitlines()[-1]
    assert mistake.last in last
    assert "Traceback" not in result.output
    assert mistake.row in PAGE.read_text("utf-8")
