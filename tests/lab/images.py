# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images of one layer, made of programs of this machine, put into the lab's registry under their published names."""
from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import build
from .base import COREDNS, LOCAL_PATH, METRICS_SERVER, LabError, cache, run

_OCI = "application/vnd.oci.image."
MANIFEST = f"{_OCI}manifest.v1+json"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@dataclass
class Image:
    """files: path in the image -> file here; texts: path -> content; links: path -> target; folders: paths."""

    files: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=lambda: ["/tmp"])
    config: dict[str, Any] = field(default_factory=dict)

    def mark(self) -> str:
        """Changes with the content: sizes and times of the files stand for them."""
        stats = {p: (s.st_size, s.st_mtime_ns) for p, f in self.files.items() for s in [os.stat(f)]}
        return hashlib.sha256(repr((sorted(stats.items()), self.texts, self.links, self.folders,
                                    self.config)).encode()).hexdigest()


class _Layer:
    """A tar that gets every parent folder once."""

    def __init__(self) -> None:
        self.raw, self._seen = io.BytesIO(), set[str]()
        self._tar = tarfile.open(fileobj=self.raw, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, path: str, kind: bytes, mode: int, data: bytes | None = None, link: str = "") -> None:
        path = path.strip("/")
        parent = path.rpartition("/")[0]
        if parent and parent not in self._seen:
            self.add(parent, tarfile.DIRTYPE, 0o755)
        if kind == tarfile.DIRTYPE:
            if path in self._seen:
                return
            self._seen.add(path)
        info = tarfile.TarInfo(path)
        info.type, info.mode, info.linkname, info.size = kind, mode, link, len(data or b"")
        self._tar.addfile(info, io.BytesIO(data) if data is not None else None)

    def done(self) -> bytes:
        self._tar.close()
        return self.raw.getvalue()


def layer(image: Image) -> bytes:
    """The uncompressed tar of an image."""
    out = _Layer()
    for folder in image.folders:
        out.add(folder, tarfile.DIRTYPE, 0o1777 if folder.endswith("tmp") else 0o755)
    for path, source in image.files.items():
        out.add(path, tarfile.REGTYPE, 0o755, Path(source).read_bytes())
    for path, text in image.texts.items():
        out.add(path, tarfile.REGTYPE, 0o644, text.encode())
    for path, target in image.links.items():
        out.add(path, tarfile.SYMTYPE, 0o777, link=target)
    return out.done()


# ---- what goes in ---------------------------------------------------------------------------------------------
def busybox() -> Image:
    source = shutil.which("busybox") or "/bin/busybox"
    names = [n for n in run(source, "--list").split() if n != "busybox"]
    return Image(files={"/bin/busybox": source}, links={f"/bin/{n}": "busybox" for n in names},
                 texts={"/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
                        "/etc/group": "root:x:0:\nnobody:x:65534:\n", "/etc/nsswitch.conf": "hosts: files dns\n"},
                 folders=["/tmp", "/var/tmp", "/root", "/proc", "/sys", "/dev"],
                 config={"Cmd": ["sh"], "Env": ["PATH=/bin:/sbin:/usr/bin"]})


def with_libraries(**programs: str) -> dict[str, str]:
    """Dynamic programs of this machine as name=program, with every library that they load."""
    files = {}
    for name, program in programs.items():
        found = shutil.which(program)
        if not found:
            raise LabError(f"the program {program} is needed for an image; install the packages in tests/lab/packages.txt")
        real = os.path.realpath(found)
        files[f"/usr/bin/{name}"] = real
        for word in run("ldd", real).split():
            if word.startswith("/"):
                files[word] = os.path.realpath(word)
    return files


def tool(binary: Path, path: str, shell: bool = False, **config: Any) -> Image:
    """An image around one static program."""
    image = busybox() if shell else Image(folders=["/tmp", "/etc"])
    image.files[path] = str(binary)
    if os.path.exists(_BUNDLE):
        image.files[_BUNDLE] = _BUNDLE
    image.config = {"Entrypoint": [path], "Env": [_PATH], **config}
    return image


def _porter() -> dict[str, str]:
    """The certificate that agnhost's porter serves, as upstream's image carries one; nobody has to trust it."""
    from . import pki

    folder = cache() / "porter"
    if not (folder / "localhost.key").exists():
        pki.Pki(folder).ca("localhost", "localhost")
    return {f"/{name}": (folder / name).read_text() for name in ("localhost.crt", "localhost.key")}


def _agnhost(bins: Path) -> Image:
    """Upstream's image carries curl, nc and dig, which its users call by a shell; Debian's busybox sh has an nc of its
    own that comes before any PATH, so the shell is dash."""
    image = tool(bins / "agnhost", "/agnhost", shell=True, Cmd=["pause"])
    image.texts.update(_porter())
    image.files.update(with_libraries(curl="curl", nc="nc.openbsd", dig="dig", dash="dash"))
    image.links.pop("/bin/nc", None)
    image.links["/bin/sh"] = "../usr/bin/dash"
    return image


def core() -> dict[str, Image]:
    """What every cluster of the lab gets, by path and tag: one name per published reference."""
    bins, shell = build.bindir(), busybox()
    agnhost = _agnhost(bins)
    pause = Image(files={"/pause": str(build.pause())}, config={"Entrypoint": ["/pause"]})
    return {
        "pause:3.10": pause, "pause:3.10.2": pause, "library/busybox:1.35": shell, "library/busybox:latest": shell,
        "e2e-test-images/busybox:1.29-4": shell, "e2e-test-images/busybox:1.37.0-1": shell,
        "e2e-test-images/agnhost:2.53": agnhost, "e2e-test-images/agnhost:2.63.0": agnhost,
        f"coredns/coredns:{COREDNS}": tool(bins / "coredns", "/coredns"),
        f"rancher/local-path-provisioner:{LOCAL_PATH}": tool(bins / "local-path-provisioner",
                                                             "/usr/bin/local-path-provisioner"),
        f"metrics-server/metrics-server:{METRICS_SERVER}": tool(bins / "metrics-server", "/metrics-server"),
    }


# ---- the registry's side ----------------------------------------------------------------------------------------
class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:
        return None


_http = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def call(method: str, url: str, data: bytes | None = None, kind: str = "application/octet-stream",
         accept: str = "*/*") -> tuple[int, Any]:
    """(status, headers) of a request to the registry; an error status is an answer, too."""
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": kind, "Accept": accept})
    try:
        with _http.open(request, timeout=60) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as e:
        return e.code, e.headers


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _put_blob(base: str, data: bytes) -> None:
    if call("HEAD", f"{base}/blobs/{digest(data)}")[0] == 200:
        return
    status, headers = call("POST", f"{base}/blobs/uploads/")
    if status != 202:
        raise LabError(f"the registry refused an upload to {base}: status {status}")
    where = urllib.parse.urljoin(base, headers["Location"])
    status, _headers = call("PUT", f"{where}{'&' if '?' in where else '?'}digest={digest(data)}", data)
    if status != 201:
        raise LabError(f"the registry did not take a layer for {base}: status {status}")


def parts(image: Image) -> tuple[bytes, bytes, bytes]:
    """(manifest, config, layer) as a registry keeps them."""
    tarball = layer(image)
    blob = gzip.compress(tarball, 1, mtime=0)
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": image.config,
                         "rootfs": {"type": "layers", "diff_ids": [digest(tarball)]},
                         "history": [{"created_by": "assay lab"}]}).encode()
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": f"{_OCI}config.v1+json", "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": f"{_OCI}layer.v1.tar+gzip", "digest": digest(blob), "size": len(blob)}]}).encode()
    return manifest, config, blob


def push(registry: str, reference: str, image: Image) -> None:
    """reference: path:tag without the registry's host, as library/busybox:1.35."""
    path, tag = reference.rsplit(":", 1)
    base = f"http://{registry}/v2/{path}"
    manifest, *blobs = parts(image)
    for data in blobs:
        _put_blob(base, data)
    status, _headers = call("PUT", f"{base}/manifests/{tag}", manifest, MANIFEST)
    if status != 201:
        raise LabError(f"the registry did not take {reference}: status {status}")


def push_changed(registry: str, marks: Path, images: dict[str, Image]) -> None:
    """Push what changed since the last time; marks remembers, for all clusters, which may come up at the same time."""
    known = json.loads(marks.read_text()) if marks.exists() else {}
    for reference, image in images.items():
        if known.get(reference) != image.mark():
            push(registry, reference, image)
            known[reference] = image.mark()
    work = marks.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    work.write_text(json.dumps(known))
    work.replace(marks)


def remove(registry: str, reference: str) -> None:
    """Delete the manifest behind a tag."""
    path, tag = reference.rsplit(":", 1)
    base = f"http://{registry}/v2/{path}/manifests"
    status, headers = call("HEAD", f"{base}/{tag}", accept=MANIFEST)
    if status == 200:
        call("DELETE", f"{base}/{headers['Docker-Content-Digest']}")
