# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which version of each add-on the lab runs: the one place. The go.mod of its folder must say the same (a unit test compares)."""
from __future__ import annotations

# Module -> (folder below tests/lab/go, version).
VERSIONS: dict[str, tuple[str, str]] = {
    "github.com/cert-manager/cert-manager": ("cert-manager", "v1.11.5"),
    "github.com/kubernetes-csi/external-attacher/v4": ("zonal-csi", "v4.12.0"),
    "github.com/kubernetes-csi/external-provisioner/v6": ("zonal-csi", "v6.3.0"),
    "github.com/kubernetes-csi/external-snapshotter/v8": ("zonal-csi", "v8.6.0"),
    "github.com/prometheus-operator/prometheus-operator": ("monitoring", "v0.93.0"),
    "github.com/prometheus/alertmanager": ("alertmanager", "v0.35.0"),
    "github.com/prometheus/prometheus": ("monitoring", "v0.313.1"),
    "github.com/traefik/traefik/v3": ("traefik", "v3.7.9"),
    "go.universe.tf/metallb": ("metallb", "v0.16.1"),
    "sigs.k8s.io/external-dns": ("external-dns", "v0.22.0"),
    "sigs.k8s.io/gateway-api": ("gateway-api", "v1.6.3"),
    "sigs.k8s.io/karpenter": ("karpenter", "v1.8.0"),
}


def version(module: str) -> str:
    return VERSIONS[module][1]
