# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs on the nodes: command lines of the components, and the files that they read."""
from __future__ import annotations

import base64
import hashlib
import re
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from .base import HERE, run

if TYPE_CHECKING:
    from .cluster import Lab

_PKI = "/etc/kubernetes/pki"
ON_CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
ON_NODE = ("containerd", "kubelet", "kube-proxy")
ZONES = "abcdefgh"


def _etcd(lab: Lab) -> str:
    """What it has written survives the end of a process, not of the machine, with which the lab ends anyhow."""
    a = lab.control_plane
    return (f"etcd --unsafe-no-fsync --name=cp --data-dir=/var/lib/etcd/data --listen-client-urls=https://127.0.0.1:2379,https://{a}:2379 "
            f"--advertise-client-urls=https://{a}:2379 --listen-peer-urls=http://127.0.0.1:2380 "
            "--initial-advertise-peer-urls=http://127.0.0.1:2380 --initial-cluster=cp=http://127.0.0.1:2380 "
            f"--listen-metrics-urls=http://127.0.0.1:2381 --client-cert-auth --trusted-ca-file={_PKI}/etcd-ca.crt "
            f"--cert-file={_PKI}/etcd.crt --key-file={_PKI}/etcd.key")


_FRONT = f"--requestheader-client-ca-file={_PKI}/front-proxy-ca.crt"


def _api_server(lab: Lab, short: str = "cp") -> str:
    """Aggregator routing sends the API server's own calls to endpoints, so that it needs no kube-proxy."""
    etcd = "127.0.0.1" if short == "cp" else lab.control_plane
    return (f"kube-apiserver --advertise-address={lab.control_planes[short]} --secure-port=6443 --allow-privileged=true "
            "--authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --enable-bootstrap-token-auth "
            f"--client-ca-file={_PKI}/ca.crt --tls-cert-file={_PKI}/apiserver.crt "
            f"--tls-private-key-file={_PKI}/apiserver.key --etcd-servers=https://{etcd}:2379 "
            f"--etcd-cafile={_PKI}/etcd-ca.crt --etcd-certfile={_PKI}/apiserver-etcd-client.crt "
            f"--etcd-keyfile={_PKI}/apiserver-etcd-client.key --kubelet-certificate-authority={_PKI}/ca.crt "
            f"--kubelet-client-certificate={_PKI}/apiserver-kubelet-client.crt "
            f"--kubelet-client-key={_PKI}/apiserver-kubelet-client.key --kubelet-preferred-address-types=InternalIP "
            f"--service-cluster-ip-range={lab.service_cidr} "
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local "
            f"--service-account-key-file={_PKI}/sa.pub --service-account-signing-key-file={_PKI}/sa.key {_FRONT} "
            "--requestheader-allowed-names=front-proxy-client --requestheader-extra-headers-prefix=X-Remote-Extra- "
            "--requestheader-group-headers=X-Remote-Group --requestheader-username-headers=X-Remote-User "
            f"--proxy-client-cert-file={_PKI}/front-proxy-client.crt "
            f"--proxy-client-key-file={_PKI}/front-proxy-client.key --enable-aggregator-routing=true "
            "--audit-policy-file=/etc/kubernetes/audit-policy.yaml --audit-log-path=/var/log/kubernetes/audit.log "
            "--audit-log-maxsize=100 --audit-log-maxbackup=2 --enable-logs-handler=true "
            "--encryption-provider-config=/etc/kubernetes/encryption.yaml")


def _as(user: str) -> str:
    config = f"{_PKI}/{user}.kubeconfig"
    return f"--kubeconfig={config} --authentication-kubeconfig={config} --authorization-kubeconfig={config}"


def _controllers(lab: Lab) -> str:
    """A node is given up after 20 s instead of 40 (its kubelet renews its Lease every 5 s): faults show sooner."""
    name = "kube-controller-manager"
    return (f"{name} {_as(name)} --bind-address=127.0.0.1 --client-ca-file={_PKI}/ca.crt {_FRONT} "
            f"--cluster-name={lab.name} --allocate-node-cidrs=true --cluster-cidr={lab.pod_cidr} "
            f"--service-cluster-ip-range={lab.service_cidr} --controllers=*,bootstrapsigner,tokencleaner "
            f"--use-service-account-credentials=true --root-ca-file={_PKI}/ca.crt --node-monitor-grace-period=20s "
            f"--service-account-private-key-file={_PKI}/sa.key --cluster-signing-cert-file={_PKI}/ca.crt "
            f"--cluster-signing-key-file={_PKI}/ca.key")


def _control_plane_services(lab: Lab, short: str) -> str:
    if short != "cp":
        return f"kube-apiserver {_api_server(lab, short)}\n"
    scheduler = (f"kube-scheduler {_as('kube-scheduler')} --client-ca-file={_PKI}/ca.crt {_FRONT} "
                 "--bind-address=127.0.0.1")
    lines = zip(ON_CONTROL_PLANE, (_etcd(lab), _api_server(lab), _controllers(lab), scheduler))
    return "".join(f"{name} {command}\n" for name, command in lines)


def zone(short: str) -> str:
    return f"zone-{ZONES[(int(short[1:]) - 1) % 3]}"


def _node_services(lab: Lab, short: str) -> str:
    labels = (f"topology.kubernetes.io/zone={zone(short)},topology.kubernetes.io/region=lab,"
              "node.kubernetes.io/instance-type=lab.small")
    kubelet = ("kubelet --config=/etc/kubernetes/kubelet.yaml --kubeconfig=/etc/kubernetes/kubelet.kubeconfig "
               f"--hostname-override={lab.node_name(short)} --node-ip={lab.nodes[short]} --node-labels={labels} --v=2")
    lines = zip(ON_NODE, ("containerd -c /etc/containerd/config.toml", kubelet,
                          "kube-proxy --config=/etc/kubernetes/kube-proxy.yaml --v=2"))
    return "".join(f"{name} {command}\n" for name, command in lines)


def _disk(folder: Path, gib: int) -> None:
    """Without a journal: a node is switched off by ending its processes, after which the kernel still knows what they wrote."""
    image = folder / "disk.img"
    if not image.exists():
        with open(image, "wb") as f:
            f.truncate(gib << 30)
        run("mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", "-E", "lazy_itable_init=1", image)


def _memory(folder: Path, gib: int) -> None:
    """A /proc/meminfo of the node's own: its capacity is not the machine's."""
    kib = gib << 20
    put = {"MemTotal": kib, "MemFree": kib - 300000, "MemAvailable": kib - 300000, "Cached": 100000}
    lines = []
    for line in Path("/proc/meminfo").read_text().splitlines():
        key = line.partition(":")[0]
        lines.append(f"{key}:{put[key]:>15} kB" if key in put else line)
    (folder / "meminfo").write_text("\n".join(lines) + "\n")


def filled(source: Path, **values: str) -> str:
    """A template of this folder with its @NAME@ marks replaced."""
    return re.sub(r"@(\w+)@", lambda m: values[m[1]], source.read_text())


def _identity(lab: Lab, short: str, etc: Path) -> None:
    (etc / "hostname").write_text(lab.node_name(short) + "\n")
    (etc / "hosts").write_text(f"127.0.0.1 localhost\n{lab.nodes[short]} {lab.node_name(short)}\n")
    (etc / "resolv.conf").write_text(f"nameserver {lab.host}\noptions timeout:2\n")
    if not (etc / "machine-id").exists():
        (etc / "machine-id").write_text(uuid.uuid4().hex + "\n")


def _control_plane_files(lab: Lab, kubernetes: Path) -> None:
    shutil.copytree(lab.folder / "pki", kubernetes / "pki", dirs_exist_ok=True)
    shutil.copy(HERE / "manifests/audit-policy.yaml", kubernetes)
    target = kubernetes / "encryption.yaml"
    if not target.exists():  # all API servers have the same key
        key = base64.b64encode(hashlib.sha256((lab.folder / "pki/sa.key").read_bytes()).digest()).decode()
        target.write_text((HERE / "manifests/encryption.yaml").read_text().replace("KEY", key))


def _node_files(lab: Lab, short: str, etc: Path) -> None:
    pki = lab.folder / "pki"
    for name in ("ca.crt", f"kubelet-{short}.kubeconfig", f"kubelet-{short}-server.crt",
                 f"kubelet-{short}-server.key", "kube-proxy.kubeconfig"):
        shutil.copy(pki / name, etc / "kubernetes" / name.replace(f"kubelet-{short}", "kubelet"))
    values = {"REGISTRY": lab.registry, "DNS_IP": lab.dns_ip, "POD_CIDR": lab.pod_cidr,
              "NODE_NAME": lab.node_name(short)}
    for source, target in (("kubelet.yaml", "kubernetes/kubelet.yaml"), ("kube-proxy.yaml", "kubernetes/kube-proxy.yaml"),
                           ("containerd.toml", "containerd/config.toml"),
                           ("hosts.toml", "containerd/certs.d/_default/hosts.toml")):
        (etc / target).write_text(filled(HERE / "node" / source, **values))


def _show_audit_log(lab: Lab, short: str) -> None:
    """Where there are two API servers, the first nodes have their log folders as /var/log/kube-apiserver: there a pod sees
    what it would see on a node of the control plane, which here is none of Kubernetes'."""
    link = lab.node_folder(short) / "api-server-log"
    if lab.api_servers > 1 and short in (shown := dict(zip(lab.machines, lab.control_planes))) and not link.is_symlink():
        link.symlink_to(lab.node_folder(shown[short]) / "log")


def write(lab: Lab, short: str) -> None:
    """Everything below a node's folder: what is copied into its root, its services, its disk."""
    folder = lab.node_folder(short)
    etc = folder / "rootfs/etc"
    for d in (folder / "log", etc / "kubernetes/manifests", etc / "containerd/certs.d/_default", etc / "cni/net.d"):
        d.mkdir(parents=True, exist_ok=True)
    _identity(lab, short, etc)
    if short in lab.control_planes:
        _control_plane_files(lab, etc / "kubernetes")
        (folder / "services").write_text(_control_plane_services(lab, short))
    else:
        _memory(folder, lab.memory_gib)
        _show_audit_log(lab, short)
        _node_files(lab, short, etc)
        (folder / "services").write_text(_node_services(lab, short))
    _disk(folder, lab.disk_gib)
