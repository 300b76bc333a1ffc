# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lease in a real cluster, as playbooks take it."""
from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from tests.fakes import contenders


@pytest.fixture
def name(kubeconfig: str) -> Iterator[str]:
    """A lease of this test, gone after it."""
    made = f"assay-test-{uuid.uuid4().hex[:8]}"
    yield made
    connection = Connection.resolve({"kubeconfig": kubeconfig}, {})
    try:
        Client(connection).delete(f"/apis/coordination.k8s.io/v1/namespaces/default/leases/{made}")
    except ApiError as e:
        assert e.status == 404
    finally:
        connection.close()


def test_of_six_processes_never_two_hold_it(kubeconfig: str, name: str, tmp_path: Path) -> None:
    """One of them dies with the lease; another takes it over."""
    results = contenders.run({"kubeconfig": kubeconfig, "name": name, "duration": 5, "wait": True, "wait_timeout": 240}, tmp_path)
    assert sorted(results) == ["died", *["held 2"] * 5]


def test_a_playbook_holds_it_with_a_heartbeat_and_is_told_of(playbook: Any, name: str, tmp_path: Path) -> None:
    book = playbook()
    plays = tmp_path / "lease.yml"
    plays.write_text(f"""
- hosts: all
  gather_facts: false
  connection: local
  module_defaults:
    group/assay.clusters.cluster:
      validate_certs: true
  vars:
    ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
  tasks:
    - assay.clusters.cluster_lease: {{name: {name}, holder: first, reason: nightly, duration: 15, heartbeat: true}}
      register: first
    - ansible.builtin.assert:
        that: first.changed and first.held and first.heartbeat > 0
    - assay.clusters.cluster_lease: {{name: {name}, holder: second, wait: true, wait_timeout: 20, duration: 15}}
      register: second
      ignore_errors: true
    - ansible.builtin.assert:
        that: second.failed and second.lease.holder == 'first' and 'held by first (nightly)' in second.msg
    - assay.clusters.cluster_lease: {{name: {name}, holder: first, state: absent}}
    - assay.clusters.cluster_lease: {{name: {name}, holder: second}}
      register: second
    - ansible.builtin.assert:
        that: second.changed and 'held by second' in second.msg
    - assay.clusters.cluster_lease: {{name: {name}, holder: second, state: absent}}
""")
    done = book.run(playbook=str(plays.with_suffix("")))
    assert done.returncode == 0, done.stdout
