# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Planted secrets are in no output, no results file and no journal, however a run ends and however much it says."""
from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

PLAY = """
- name: One check with its address as an argument
  hosts: all
  gather_facts: false
  tasks:
    - name: Ask
      assay.clusters.check_api_server:
        kubeconfig: "{{ given }}"
        proxy_headers:
          proxy_basic_auth: someone:planted-proxy-word
        results_dir: "{{ playbook_dir }}/results"
      register: asked
    - name: Show all
      ansible.builtin.debug:
        var: asked
"""


def _config(kubeconfig: Any) -> dict[str, Any]:
    return yaml.safe_load(Path(kubeconfig).read_text(encoding="utf-8"))


def _assert_unseen(folder: Path, shown: str, secrets: list[str]) -> None:
    texts = {"output": shown}
    texts |= {str(p): p.read_text(encoding="utf-8", errors="replace") for place in ("results", "state")
              for p in (folder / place).rglob("*") if p.is_file()}
    assert len(texts) > 1
    assert [(place, secret[:12]) for place, text in texts.items() for secret in secrets if secret in text] == []


def _secrets(config: dict[str, Any]) -> list[str]:
    user = config["users"][0]["user"]
    return [user[k] for k in ("token", "client-key-data", "password") if user.get(k)]


@pytest.mark.parametrize("user", [None, {"token": "planted-token-8f2c61d4"}], ids=["good", "refused"])
def test_in_an_inventory(playbook: Any, kubeconfig: Any, user: dict[str, str] | None) -> None:
    config = copy.deepcopy(_config(kubeconfig))
    config["users"][0]["user"] = user or config["users"][0]["user"]
    book = playbook(c={"cluster_kubeconfig": yaml.safe_dump(config)})
    done = book.run("-vvvv", "-e", '{"validate_checks": ["api_server", "nodes"]}')
    assert (done.returncode == 0) == (user is None)
    _assert_unseen(book.folder, done.stdout + done.stderr, _secrets(config))


@pytest.mark.parametrize("token", ["", "planted-token-8f2c61d4"], ids=["good", "refused"])
def test_as_an_argument(playbook: Any, kubeconfig: Any, token: str) -> None:
    book, config = playbook(), copy.deepcopy(_config(kubeconfig))
    if token:
        config["users"][0]["user"] = {"token": token}
    (book.folder / "play.yml").write_text(PLAY)
    (book.folder / "given.yml").write_text(yaml.safe_dump({"given": yaml.safe_dump(config)}))
    done = subprocess.run(["ansible-playbook", "play.yml", "-i", "hosts.json", "-vvvv", "-e", "@given.yml"], text=True,
                          cwd=book.folder, env=book.env, capture_output=True, check=False)
    assert (done.returncode == 0) == (not token), done.stdout
    _assert_unseen(book.folder, done.stdout + done.stderr, [*_secrets(config), "planted-proxy-word"])
