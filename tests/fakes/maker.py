# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of a program that makes clusters, for platform `command`: python maker.py VERB NAME [WORD]. State: ./made.json.

What it should get wrong is in the environment: MAKER_FAIL=create (half done, then exit status 3), MAKER_HANG=create (a
child that ignores SIGTERM sleeps on in the process group), MAKER_TROUBLE=list kubeconfig (these words: every second one of each fails
in passing), MAKER_KUBECONFIG: what it hands out.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

STATE = Path("made.json")


def main(verb: str, name: str = "", word: str = "") -> int:
    made = json.loads(STATE.read_text()) if STATE.exists() else {}
    with open("calls.log", "a", encoding="utf-8") as log:
        log.write(" ".join([verb, name, word]).strip() + "\n")
    if verb in os.environ.get("MAKER_TROUBLE", "").split():
        if sum(line.split()[0] == verb for line in Path("calls.log").read_text().splitlines()) % 2:
            print("Error: googleapi: Error 503: The service is currently unavailable: Service Unavailable", file=sys.stderr)
            return 1
    if verb == "create":
        print(f"creating {name}\nwaiting for the control plane", flush=True)
    if os.environ.get("MAKER_HANG") == verb:
        subprocess.run([sys.executable, "-c", "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
                        "open('child.pid', 'w').write(str(os.getpid())); time.sleep(600)"], check=False)
    if os.environ.get("MAKER_FAIL") == verb:
        print("Error: quota exceeded: 0 of 3 machines, password=hunter2planted", file=sys.stderr)
        return 3
    if verb == "create":
        made[name] = {"name": name, "status": "RUNNING", "currentNodeCount": int(word or 2)}
    elif verb == "delete":
        made.pop(name, None)
    elif verb == "size":
        made[name]["currentNodeCount"] = int(word)
    elif verb == "list":
        print(json.dumps(list(made.values())))
    elif verb == "kubeconfig":
        print(os.environ.get("MAKER_KUBECONFIG", "no such cluster"))
    STATE.write_text(json.dumps(made))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
