# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of machines of a single ESXi host: arguments.MACHINES_ESXI, documented."""
from __future__ import annotations


class ModuleDocFragment:
    """Read by ansible-doc."""

    DOCUMENTATION = r"""
options:
  ssh_key_file:
    description:
      - The private key for the host. If it has a passphrase, that one is the password.
      - Without it and without a password, the keys that ssh itself finds.
    type: path
  ssh_known_hosts:
    description:
      - The file with the key of the host, in place of the user's own.
    type: path
  ssh_host_key_checking:
    description:
      - Whether the host must be known. V(accept-new) takes the key of a host that is seen for the first time, V(no) any key.
    type: str
    default: "yes"
    choices: ["yes", accept-new, "no"]
  ssh_executable:
    description:
      - The program ssh of OpenSSH. The user's configuration of ssh applies, so a host behind a bastion is reached with a
        ProxyJump there.
    type: str
    default: ssh
"""
