# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs and servers that sign in: bounded in time, nobody is asked, and nothing is left running."""
from __future__ import annotations

import json
import os
import ssl
import sys
import threading
import time

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import program
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.tests.unit.kube.kubeconfigs import config
from ansible_collections.assay.clusters.tests.unit.kube.server import Server

TOKEN = json.dumps({"apiVersion": "v1", "kind": "ExecCredential", "status": {"token": "abc"}})


@pytest.fixture
def sign_in(resolve, tmp_path):
    """sign_in(lines of a shell script, **more of exec): the connection; its environment is that of the task."""
    def call(script, environ=None, **more):
        path = tmp_path / "sign-in"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        user = {"exec": {"apiVersion": "v1", "command": str(path), **more}}
        return resolve({"kubeconfig": config("east", user=user)}, **(environ or {}))

    return call


def _gone(pid):
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("rest", ["exec sleep 300", "sleep 300 & wait",
                                  "trap '' TERM; sleep 300 & while :; do wait; done"])
def test_a_program_that_waits_for_a_person_ends_in_its_time_with_its_last_words(sign_in, tmp_path, monkeypatch, rest):
    monkeypatch.setattr(program, "LIMIT", 1.0)
    words = "To sign in, open https://device.example.com and enter code ABC"
    with pytest.raises(BadInput) as e:
        sign_in(f"echo $$ > {tmp_path}/pid\necho '{words}' >&2\n{rest}")
    assert str(e.value) == (f"kubeconfig: users[east]: no credentials were given by {tmp_path}/sign-in: it did not end within "
                            f"1 s; its last words: {words}")
    assert _gone(int((tmp_path / "pid").read_text()))


def test_a_program_that_must_ask_is_not_started(sign_in, tmp_path):
    with pytest.raises(BadInput) as e:
        sign_in(f"touch {tmp_path}/started", interactiveMode="Always")
    assert str(e.value).startswith("kubeconfig: users[east].exec has interactiveMode Always, and nobody can be asked here; ")
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("mode", ["Never", "IfAvailable", None])
def test_a_program_has_no_terminal_and_knows_it(sign_in, tmp_path, mode):
    script = (f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; (exec 3<>/dev/tty) 2>/dev/null && echo tty > {tmp_path}/tty\n'
              f"read line && echo asked > {tmp_path}/tty\necho '{TOKEN}'")
    assert sign_in(script, **({"interactiveMode": mode} if mode else {})).secrets() == ["abc"]
    assert json.loads((tmp_path / "info").read_text())["spec"] == {"interactive": False}
    assert not (tmp_path / "tty").exists()


def test_a_program_that_wants_to_know_the_cluster_is_told(sign_in, tmp_path):
    sign_in(f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; echo \'{TOKEN}\'', provideClusterInfo=True)
    assert json.loads((tmp_path / "info").read_text())["spec"]["cluster"]["server"] == "https://east:6443"


def test_what_a_program_leaves_running_is_not_waited_for(sign_in, tmp_path, monkeypatch):
    monkeypatch.setattr(program, "LIMIT", 60.0)
    sleeper = f"{sys.executable} -c 'import time; time.sleep(60)'"
    assert sign_in(f"{sleeper} & echo $! > {tmp_path}/pid\necho '{TOKEN}'").secrets() == ["abc"]
    pid = int((tmp_path / "pid").read_text())
    os.kill(pid, 9)
    assert _gone(pid)


def test_a_program_gets_the_environment_of_the_task_and_its_own(sign_in):
    script = f'test "$TEAM$STAGE" = blueprod && echo \'{TOKEN}\''
    assert sign_in(script, {"TEAM": "blue", "STAGE": "dev"}, env=[{"name": "STAGE",
                                                                   "value": "prod"}]).secrets() == ["abc"]


@pytest.mark.parametrize(("script", "words"), [
    ("printf '\\033[2Jbad\\033[0m \\007word\\rx\\n' >&2; exit 3", "it ended with status 3: x"),
    ("echo \"secret is $PASS\" >&2; exit 1", "it ended with status 1: secret is …"),
    ("exit 7", "it ended with status 7"), ("yes x | head -c 4000000; exit 5", "it ended with status 5"),
    ("echo '[]'", "its answer is no ExecCredential of v1"), ("echo '{\"status\": 5}'",
                                                             "its answer is no ExecCredential of v1"),
    (f"echo '{TOKEN.replace('abc', 'a b')}'", "its token holds white space in the middle"),
    (f"echo '{TOKEN.replace('v1', 'v9')}'", "its answer is no ExecCredential of v1")])
def test_whatever_else_a_program_does_is_one_line(sign_in, script, words):
    with pytest.raises(BadInput) as e:
        sign_in(script, env=[{"name": "PASS", "value": "hunter2secret"}])
    said = str(e.value)
    assert said.endswith(words) and said.isprintable() and "hunter2" not in said


@pytest.mark.parametrize("broken", [{"command": None}, {"args": "x"}, {"env": ["A=b"]}, {"env": {"A": "b"}},
                                    {"apiVersion": ""}])
def test_a_program_that_is_not_described_is_one_sentence(sign_in, broken):
    with pytest.raises(BadInput, match=r"^kubeconfig: users\[east\]\.exec "):
        sign_in(f"echo '{TOKEN}'", **broken)


def test_an_old_token_is_kept_while_the_program_gives_no_new_one(sign_in, tmp_path):
    old = json.dumps({"apiVersion": "v1", "status": {"token": "abc", "expirationTimestamp": "2001-01-01T00:00:00Z"}})
    found = sign_in(f"echo x >> {tmp_path}/log; test $(wc -l < {tmp_path}/log) = 1 && echo '{old}'")
    assert [found.secrets(), found.secrets()] == [["abc"], ["abc"]]
    assert (tmp_path / "log").read_text() == "x\nx\n"  # and it is not asked again for every request


@pytest.mark.parametrize("keeper", ["exit 1", "echo 'unrecognized option: pdeathsig' >&2; exit 64", None])
def test_a_machine_without_the_tool_that_ends_it_with_us_runs_a_program_all_the_same(sign_in, tmp_path, monkeypatch, keeper):
    if keeper:
        (tmp_path / "setpriv").write_text(f"#!/bin/sh\n{keeper}\n")
        (tmp_path / "setpriv").chmod(0o700)
    monkeypatch.setattr(program.shutil, "which", lambda name, path=None: str(tmp_path / name) if keeper or name != "setpriv"
                        else None)
    program._setpriv.cache_clear()
    try:
        assert sign_in(f"echo '{TOKEN}'").secrets() == ["abc"]
    finally:
        program._setpriv.cache_clear()


# ---- OpenShift's own login --------------------------------------------------------------------------------------
def _openshift(request):
    if request.path == "/.well-known/oauth-authorization-server":
        base = f"https://{request.headers['Host']}"
        return request.answer({"authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token"})
    if request.path == "/authorize":
        known = request.headers.get("Authorization") == "Basic amFuZTpodW50ZXIy"
        return request.answer("", 302 if known else 401, {"Location": "http://x/?code=c1"} if known else {})
    return request.answer({"access_token": "sha256~abc", "expires_in": 86400, "scope": "user:full"})


def test_a_password_is_changed_for_a_token_at_openshift(resolve, pair):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair / "server.crt", pair / "server.key")
    with Server(_openshift, tls=context) as server:
        address = {"host": server.url, "ca_cert": str(pair / "ca.crt"), "username": "jane"}
        assert resolve({**address, "password": "hunter2"}).secrets() == ["sha256~abc"]
        with pytest.raises(BadInput, match="gave no OpenShift token for them") as e:
            resolve({**address, "password": "wrong-one"})
        assert "wrong-one" not in str(e.value)


def test_a_login_that_never_answers_is_one_sentence(resolve, monkeypatch):
    monkeypatch.setattr(program, "LIMIT", 0.5)
    over = threading.Event()
    with Server(lambda r: over.wait(20)) as server:
        with pytest.raises(BadInput) as e:
            resolve({"host": server.url, "username": "jane", "password": "hunter2"})
        over.set()
    assert str(e.value).startswith(f"username, password: {server.url} did not answer within ")
