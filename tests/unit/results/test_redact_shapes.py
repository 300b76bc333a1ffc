# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tells a secret by itself: each shape and each name alone, where nothing else gives it away; and hostile text ends."""
from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import redact as module
from ansible_collections.assay.clusters.plugins.module_utils.results.redact import MASK, Redactor, is_secret_key

# Made here and of one letter, so that nothing that looks for leaked keys takes these for some.
x, X, SIXTEEN = "x", "X", 16
SHAPES = {
    "JWT": f"eyJ{x * 8}.{x * 8}", "JWT, signed": f"eyJ{x * 8}.{x * 8}.{x * 8}", "JWE": f"eyJ{x * 8}{f'.{x * 8}' * 4}",
    **{f"AWS {p}": f"{p}{X * SIXTEEN}" for p in ("AKIA", "ASIA", "AIDA", "AROA")},
    "EKS": f"k8s-aws-v1.{x * 16}", "OpenShift": f"sha256~{x * 20}",
    "Rancher": f"token-{x * 5}:{x * 20}", "Rancher's kubeconfig": f"kubeconfig-u-{x * 5}:{x * 20}",
    **{f"GitHub {p}": f"gh{p}_{x * 20}" for p in "pousr"},
    "GitHub, fine-grained": f"github_pat_{x * 20}", "GitLab": f"glpat-{x * 16}",
    **{f"Slack {p}": f"xox{p}-{x * 10}" for p in "abeprs"},
    "Google's key": f"AIza{x * 35}", "Google's token": f"ya29.{x * 20}",
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_token_is_known_by_its_shape_alone(name: str) -> None:
    for text in ("{}", "said {} to us", "({})", "<{}>", "a/{}, b"):
        assert Redactor().redact(text.format(SHAPES[name])) == text.format(MASK)


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_shorter_than_the_shape_stays(name: str) -> None:
    head = SHAPES[name].rstrip("xX.")
    assert Redactor().redact(f"said {head}xX to us") == f"said {head}xX to us"


def test_a_header_alone_is_no_token_and_hides_none() -> None:
    assert Redactor().redact(f"eyJ{x * 12} and eyJ{x * 8}-eyJ{x * 8}") == f"eyJ{x * 12} and eyJ{x * 8}-eyJ{x * 8}"
    assert Redactor().redact(f"eyJ{x * 12} {SHAPES['JWT']}") == f"eyJ{x * 12} {MASK}"


# ---- names ------------------------------------------------------------------------------------------------------
SURE = ["password", "passwd", "passphrase", "passcode", "pwd", "apikey", "api_key", "api-key", "access_key",
        "secret_access_key",
        "secretaccesskey", "secret-key", "private-key", "client-key", "client-key-data", "client_key_data", "client_secret",
        "id_token", "access-token", "refresh_token", "auth_token", "session_token", "security-token", "bearer_token",
        "api_token", "tls.key", "tls-key", "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "dockerconfigjson",
        "dockercfg", "bearer", "cookie"]
MAYBE = ["secret", "token", "credential", "credentials", "authorization"]


@pytest.mark.parametrize("name", SURE)
def test_a_sure_name_makes_any_word_a_secret(name: str) -> None:
    for text in (f"{name}=planted", f"{name}: planted", f"?{name}=planted&z=1", f'"{name}": "planted"',
                 f"MY_{name.upper()}='planted'"):
        cleaned = Redactor().redact(text)
        assert "planted" not in cleaned and MASK in cleaned, text
    assert Redactor().redact(f"{name} planted") == f"{name} planted"


@pytest.mark.parametrize("name", MAYBE)
def test_a_name_that_is_english_too_wants_a_value(name: str) -> None:
    for text in (f"{name}=planted", f"my_{name}: planted7", f"my.{name}: planted7", f'"{name}": "planted"',
                 f"--{name} planted"):
        cleaned = Redactor().redact(text)
        assert "planted" not in cleaned and MASK in cleaned, text
    for text in (f"{name}: planted", f"{name}: 12345", f"my{name}=planted", f"the {name} planted"):
        assert Redactor().redact(text) == text


@pytest.mark.parametrize("name", [*SURE, *MAYBE])
def test_a_name_as_a_key(name: str) -> None:
    for key in (name, f"db_{name}", f"db.{name}", f"db {name}", name.upper()):
        assert is_secret_key(key) and Redactor().redact({key: "planted"}) == {key: MASK}
    assert not is_secret_key(f"{name}Name")


@pytest.mark.parametrize("name", ["xpassword", "podtoken", "nosecret", "keys", "secretkeyring", "tokens left"])
def test_a_name_inside_a_word_is_none(name: str) -> None:
    assert not is_secret_key(name)


@pytest.mark.parametrize("flag", ["-password", "--password", "--db-password", "--api-token", "--client-secret", "--token"])
def test_what_follows_a_flag(flag: str) -> None:
    assert Redactor().redact(f"ran x {flag} planted -v") == f"ran x {flag} {MASK} -v"
    assert Redactor().redact(["x", flag, "planted", "-v"]) == ["x", flag, MASK, "-v"]
    assert Redactor().redact(["x", flag, "--quiet", "planted"]) == ["x", flag, "--quiet", "planted"]
    assert Redactor().redact(["x", flag, 12345, None]) == ["x", flag, MASK, None]


# ---- structures -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("value", "expected"), [
    ({"password": ["planted", "planted2"]}, {"password": [MASK, MASK]}),
    ({"passwords": ("planted", b"planted2", 12345, None, "")}, {"passwords": [MASK, MASK, MASK, None, ""]}),
    ({"apiKeys": [["planted"], {"secretName": "x"}]}, {"apiKeys": [[MASK], {"secretName": "x"}]}),
    ({"token": {"planted"}}, {"token": [MASK]}),
    (b"password=planted", f"password={MASK}"), ({"x": b"password=planted"}, {"x": f"password={MASK}"}),
    ([b"--password", b"planted"], ["--password", MASK]), (b"caf\xe9", "caf\ufffd"),
    ([b"-----BEGIN PRIVATE KEY-----", b"MIIEplanted", b"-----END PRIVATE KEY-----", b"after"],
     [MASK, MASK, MASK, "after"]),
], ids=str)
def test_lists_and_bytes(value: Any, expected: Any) -> None:
    assert Redactor().redact(value) == expected


def test_keys_in_a_row_and_one_that_is_cut_off() -> None:
    begin, end = "-----BEGIN EC PRIVATE KEY-----", "-----END EC PRIVATE KEY-----"
    assert Redactor().redact(f"a {begin}\nMIIE\n{end} b {begin}x{end} c {begin}\nMIIE\n(d)") == f"a {MASK} b {MASK} c {MASK}(d)"


# ---- hostile text -----------------------------------------------------------------------------------------------
# What makes a careless expression look at the rest of the text from each of its places. At this length that takes minutes,
# and what looks once half a second or less: the limit is far from both. A process of its own can be ended in the middle.
HOSTILE = ["a.", "a-", "--a-", "-", "_", "token:", "eyJ-", f"eyJ{x * 8}-", "kubeconfig-", '-----BEGIN PRIVATE KEY-----"',
           "-----BEGIN ", "a://", "http://:", "basic ", "bearer ", 'password="\\"', "password='\n", "kind: ",
           "kind: users: clusters: ", '"auth":"', "\\", " ", "\n", "secret_", "ya29.", "xoxb-", "token-aaaaa:",
           "token secret password ", "Config"]
_REDACT = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("redact", sys.argv[1])
redact = importlib.util.module_from_spec(spec)
spec.loader.exec_module(redact)
print(redact.redact(sys.argv[2] * int(sys.argv[3]) + "\\n(end")[-5:])
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_takes_time_by_its_length_only(piece: str) -> None:
    length = 1_000_000 if "PRIVATE" in piece else 200_000  # keys are looked for fastest
    words = [sys.executable, "-I", "-S", "-c", _REDACT, str(module.__file__), piece, str(length // len(piece))]
    done = subprocess.run(words, timeout=30, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n(end\n", "")
