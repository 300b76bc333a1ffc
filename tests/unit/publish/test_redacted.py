# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nothing secret leaves: not in a log, not in XML, not in a name, not where pieces of a stream meet."""
from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.publish import redacted
from ansible_collections.assay.clusters.plugins.module_utils.runs.limits import plain
from tests.unit.publish.builders import FIRST, Memory, e2e, junit, one
from tests.unit.runs import builders as runs

SECRET = "hunter2hunter2"
KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join("MIIEow" + f"{n:04d}" * 14 for n in range(60)) + "\n-----END RSA PRIVATE KEY-----\n"


def text(content: str | bytes) -> str:
    out: list[str] = []
    redacted.text(io.BytesIO(content.encode() if isinstance(content, str) else content), out.append)
    return "".join(out)


def document(content: str, tmp_path: Path) -> str:
    redacted.document(plain(io.BytesIO(content.encode())), tmp_path / "out.xml")
    return (tmp_path / "out.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize("before", [0, 65536 - 40, 65536 - 800, 2 * 65536 - 1700])
def test_a_key_is_gone_wherever_a_stream_is_cut(before: int) -> None:
    filler = ("a line of a log\n" * (before // 16 + 1))[:before]
    found = text(filler + "\n" + KEY + "after\n")
    assert "MIIEow" not in found and "END RSA" not in found and found.endswith("after\n") and found.startswith(filler)


@pytest.mark.parametrize("before", [65536 - 12, 65536 - 9, 65536 - 5])
def test_a_value_is_gone_where_a_stream_is_cut(before: int) -> None:
    assert SECRET not in text("x" * (before - 1) + f"\npassword={SECRET}\n")


def test_a_line_that_does_not_end_is_no_way_out_and_no_way_to_fill_the_memory() -> None:
    found = text("S" * 1_200_000 + f" password={SECRET} " + "S" * 3_000_000)
    assert SECRET not in found and len(found) > 4_100_000


def test_a_key_without_an_end_is_gone_as_far_as_it_goes() -> None:
    assert "MIIEow" not in text(KEY.partition("-----END")[0])


def test_a_kubeconfig_in_a_log_does_not_take_the_lines_around_it() -> None:
    found = text(f"first line\napiVersion: v1\nkind: Config\nclusters: []\nusers:\n- user:\n    token: {SECRET}\nlast line\n")
    assert SECRET not in found and "first line" in found and "last line" in found


def test_what_is_no_utf8_and_what_steers_a_terminal_goes() -> None:
    assert text(b"\x1b[31mred\x1b[0m \xff\r\nnext") == "red \ufffd\nnext"


@pytest.mark.parametrize("place", ["<failure message='password={}'/>", "<failure>password=&quot;{}&quot; &lt;</failure>",
                                   "<system-out><![CDATA[password=\"{}\" <&]]></system-out>",
                                   "<properties><property name='DB_PASSWORD' value='{}'/></properties>",
                                   "<!-- {} -->", "<?do {}?>", "<failure token='{}'/>"])
def test_xml_is_looked_through_as_it_is_meant(place: str, tmp_path: Path) -> None:
    found = document(f"<testsuite><testcase name='a'>{place.format(SECRET)}</testcase></testsuite>", tmp_path)
    assert SECRET not in found and ET.fromstring(found).find("testcase").get("name") == "a"


def test_xml_in_another_encoding_is_utf8_afterwards(tmp_path: Path) -> None:
    source = ('<?xml version="1.0" encoding="ISO-8859-1"?><testsuite name="caf\xe9 &amp; &lt;b&gt;\n"><testcase name="\xfc">'
              "a &lt; b\n ]]&gt;</testcase></testsuite>")
    redacted.document(plain(io.BytesIO(source.encode("latin-1"))), tmp_path / "out.xml")
    found = (tmp_path / "out.xml").read_bytes()
    assert found.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    root = ET.fromstring(found)
    assert root.get("name") == "caf\xe9 & <b> " and root[0].get("name") == "\xfc" and root[0].text == "a < b\n ]]>"


def test_nothing_of_a_build_holds_a_secret(tmp_path: Path) -> None:
    """Planted in all that a run has: log, JUnit, names, metadata."""
    store = Memory()
    text_of_junit = junit([(f"test password={SECRET}", "failed")]).replace("nothing came", f"password: &quot;{SECRET}&quot;")
    src = runs.folder(e2e(tmp_path, log=f"Authorization: Bearer {SECRET}\n{KEY}"), {"junit_01.xml": text_of_junit})
    build = one(store, src, metadata={"client_secret": SECRET, "link": f"https://user:{SECRET}@example.com"}, repo_commit=f"password={SECRET}")
    assert [k for k in store.held if SECRET in store.text(k) or "MIIEow" in store.text(k)] == []
    assert SECRET not in repr(build) and store.json(f"{FIRST}/finished.json")["metadata"]["link"] == "https://[redacted]@example.com"
