# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A user's password, changed for a token at OpenShift's own login."""
from __future__ import annotations

from typing import Any

from . import library, program, values
from .errors import BadInput
from .header import Header


def log_in(c: Any, username: str, password: str) -> Header:
    """c: a configuration of the kubernetes package, with address and trust. BadInput where there is no token for them."""
    try:
        from openshift.helper import userpassauth
    except ImportError as e:
        raise library.missing("openshift", e) from None
    # Its own constructor hands on what newer configurations of the kubernetes package do not take.
    login = userpassauth.OCPLoginConfiguration.__new__(userpassauth.OCPLoginConfiguration)
    library.load().Configuration.__init__(login)
    login.ocp_username, login.ocp_password = username, password
    login.host, login.verify_ssl, login.ssl_ca_cert = c.host, c.verify_ssl, c.ssl_ca_cert
    try:
        program.within(program.LIMIT, login.get_token)
    except TimeoutError:
        raise BadInput(f"username, password: {c.host} did not answer within {program.LIMIT:.0f} s") from None
    except Exception:  # whatever requests or oauthlib raise: their text may carry the password
        raise BadInput(f"username, password: {c.host} gave no OpenShift token for them; plain Kubernetes takes no "
                       "passwords, give api_key or a kubeconfig there") from None
    said = str(next(iter(login.api_key.values()))).removeprefix("Bearer ")
    return Header(f"Bearer {values.token(said, f'username, password: the token of {c.host}')}")
