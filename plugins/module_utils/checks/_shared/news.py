# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How late those who follow the API server by a watch (kube-proxy, CoreDNS) may be."""
from __future__ import annotations

# Seconds from a change until every follower must act on it. One that lost the API server asks again after a back-off of
# up to 30 s, and up to twice that by chance (client-go, tools/cache/reflector.go: 800 ms to 30 s, jitter 1.0): after a
# restart of the API server 50 s were seen, so less would call a healthy node broken.
LAG = 60.0
# What takes longer is worth a word.
NEWS = 20.0
