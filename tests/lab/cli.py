# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's command line."""
from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .base import LabError, say, state
from .tiers import TIERS

VERBS = {
    "preflight": "whether this machine can run the lab; changes nothing",
    "build": "build the programs that are not in the cache yet",
    "up": "a cluster, up and mended",
    "settle": "wait until aggregated APIs answer, too",
    "down": "take a cluster down (--all: all of them); nothing of it stays",
    "status": "clusters, nodes, faults; mends what killed tests left broken",
    "kubeconfig": "print the path of the administrator's kubeconfig",
    "env": "print shell lines that set KUBECONFIG and PATH",
    "kubectl": "run kubectl of the cluster's version on it",
    "shell": "NODE [COMMAND...]: a shell, or a command, on a node",
    "logs": "COMPONENT [NODE]: print the log of a component",
    "fault": "NAME ...: break something until Ctrl-C; --help lists what",
    "like": "NAME: make the cluster look like a stranger's; without a name, list what there is",
    "unlike": "[NAME...]: end that; all of it, where none is named",
    "version": "[VERSION]: print, or change, the version of Kubernetes that is built",
    "conformance": "upstream conformance tests against the cluster",
}
_WORDLESS = ("up", "down", "kubeconfig", "env", "settle", "conformance")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description="A real Kubernetes cluster on this machine.",
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="\n".join(f"  {v:12} {words}" for v, words in VERBS.items()))
    parser.add_argument("verb", choices=VERBS, metavar="VERB")
    parser.add_argument("words", nargs="*", metavar="...")
    parser.add_argument("--name", default="c1", help="the cluster (default: c1)")
    parser.add_argument("--index", type=int, help="its number in addresses (default: the digits of its name)")
    parser.add_argument("--workers", type=int, default=3, help="how many nodes (default: 3)")
    parser.add_argument("--with", dest="tiers", metavar="TIER,...", default="", help=f"with up: add-ons, of {', '.join(TIERS)}, or all")
    parser.add_argument("--api-servers", type=int, default=1, help="how many API servers, 1 or 2 (default: 1)")
    parser.add_argument("--all", action="store_true", help="with down: all clusters")
    return parser


def _preflight() -> int:
    from . import host

    missing = host.missing()
    for sentence in missing:
        print(f"lab: {sentence}", file=sys.stderr)
    return 2 if missing else 0


def _version(words: Sequence[str]) -> int:
    from . import versions
    from .base import KUBERNETES

    if words:
        versions.set_version(words[0])
    else:
        print(KUBERNETES)
    return 0


def _names() -> list[str]:
    return sorted(p.parent.name for p in state().glob("*/cluster.json"))


def _status() -> int:
    from . import Lab, node

    for name in _names():
        lab = Lab(name)
        try:
            lab.restore()
            words = "healthy" if lab.healthy() else "BROKEN"
        except BlockingIOError:
            words = "being changed by another command"
        except (LabError, OSError) as e:
            words = f"BROKEN, {e}; python -m tests.lab up --name {name} makes it anew"
        print(f"{name} {words} KUBECONFIG={lab.kubeconfig}")
        for words in lab.fault.in_force():
            print(f"  {words}")
        for short, address in lab.nodes.items():
            print(f"  {lab.node_name(short):8} {address:14} {'on' if node.pid(lab, short) else 'OFF'}")
    if not _names():
        print("no cluster of the lab is up")
    return 0


def _shell(lab: object, words: Sequence[str]) -> int:
    from . import node

    if not words:
        raise LabError("shell: name a node")
    first = node.pid(lab, words[0]) if lab.node_folder(words[0]) else None
    if not first:
        raise LabError(f"shell: node {words[0]} is off")
    os.execvp("nsenter", ["nsenter", "-t", str(first), "-a", "env", "-u", "KUBECONFIG", node.PATH,
                          *(words[1:] or ["bash"])])


def _logs(lab: object, words: Sequence[str]) -> int:
    from .components import ON_CONTROL_PLANE

    if not words:
        raise LabError("logs: name a component")
    nodes = words[1:] or (["cp"] if words[0] in ON_CONTROL_PLANE else lab.machines)
    found = [f for n in nodes if (f := lab.node_folder(n) / "log" / f"{words[0]}.log").exists()]
    if not found:
        raise LabError(f"logs: there is no component {words[0]!r} on {', '.join(nodes)}")
    for file in found:
        sys.stdout.write(file.read_text(errors="replace"))
    return 0


def _fault(lab: object, words: Sequence[str]) -> int:
    from . import by_hand

    if not words or words[0] not in by_hand.FAULTS:
        for name, (usage, _make) in by_hand.FAULTS.items():
            print(f"  fault {name} {usage}")
        return 0 if not words or words[0].strip("-") in ("help", "h") else 2
    by_hand.hold(lab, words[0], list(words[1:]))
    return 0


def _like(lab: object, words: Sequence[str]) -> int:
    from .like import by_hand

    return by_hand.start(lab, list(words))


def _unlike(lab: object, words: Sequence[str]) -> int:
    from .like import by_hand

    return by_hand.end(lab, list(words))


def _cluster_verb(options: argparse.Namespace) -> int:
    from . import Lab, build, tiers

    if options.words and options.verb in _WORDLESS:
        raise LabError(f"{options.verb}: {options.words[0]!r} is one word too many; a cluster is named by --name {options.words[0]}")
    lab = Lab(options.name, options.index, options.workers, api_servers=options.api_servers)
    if options.verb == "up":
        wanted = [t for t in options.tiers.split(",") if t]
        tiers.chosen(wanted)  # a word that names none costs no cluster
        lab.up()
        lab.tier(*wanted)
        return 0
    if options.verb == "down":
        for one in [Lab(n) for n in _names()] if options.all else [lab]:
            one.down()
            say(f"{one.name} is down")
        return 0
    if options.verb == "conformance":
        from . import e2e

        lab.ensure()
        return e2e.run_on(lab)
    if not lab.exists:
        raise LabError(f"there is no cluster {options.name}; python -m tests.lab up makes it")
    if options.verb == "kubeconfig":
        print(lab.kubeconfig)
    elif options.verb == "env":
        print(f"export KUBECONFIG={lab.kubeconfig} PATH={build.bindir()}:$PATH")
    elif options.verb == "kubectl":
        os.execv(build.bindir() / "kubectl", ["kubectl", "--kubeconfig", str(lab.kubeconfig), *options.words])
    elif options.verb == "settle":
        lab.settle()
    else:
        return {"shell": _shell, "logs": _logs, "fault": _fault, "like": _like, "unlike": _unlike}[options.verb](lab, options.words)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    rest: list[str] = []
    if words[:1] in (["kubectl"], ["shell"], ["fault"]):  # words after --name are not ours to read
        end = 3 if words[1:2] == ["--name"] else 1
        words, rest = words[:end], words[end:]
    options = _parser().parse_args(words)
    options.words += rest[1:] if rest[:1] == ["--"] else rest
    try:
        if options.verb == "preflight":
            return _preflight()
        if options.verb == "version":
            return _version(options.words)
        if options.verb == "build":
            from . import build

            build.build()
            return 0
        return _status() if options.verb == "status" else _cluster_verb(options)
    except LabError as e:
        print(f"lab: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
