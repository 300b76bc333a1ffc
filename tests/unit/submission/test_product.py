# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRODUCT.yaml: each key's rule, red and green, with its line."""
from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.arguments.submission import SUBMISSION
from ansible_collections.assay.clusters.plugins.module_utils.submission import product
from ansible_collections.assay.clusters.tests.unit.submission.submissions import VALUES


def found(**other: Any) -> list[tuple[str, str, int]]:
    """(severity, code, line) of the good file with some values otherwise; None takes a key out."""
    values = {k: v for k, v in {**VALUES, **other}.items() if v is not None}
    return [(f.severity, f.code, f.line) for f in product.check(yaml.safe_dump(values, sort_keys=False, width=9999))[1]]


@pytest.mark.parametrize("key", sorted(product.REQUIRED))
@pytest.mark.parametrize("value", [None, "", "  "])
def test_each_required_key_must_be_there_and_say_something(key: str, value: str | None) -> None:
    line = 0 if value is None else list(VALUES).index(key) + 1
    assert found(**{key: value}) == [("error", "product-missing", line)]
    (one,) = product.check(yaml.safe_dump({**VALUES, key: ""}))[1]
    assert one.message == f"{key} is empty: {product.REQUIRED[key]}"


def test_what_is_good_has_nothing_with_and_without_what_may_be_left_out() -> None:
    assert found() == found(repo_url="", product_logo_url=None) == []
    assert found(repo_url="https://git.example.com/a", product_logo_url="https://example.com/a.svg") == []


@pytest.mark.parametrize("value", ["distribution", "hosted platform", "installer"])
def test_a_type_that_is_one(value: str) -> None:
    assert found(type=value) == []


@pytest.mark.parametrize("value", ["Distribution", "hosted", "hosted-platform", "distribution, installer", "managed"])
def test_a_type_that_is_none(value: str) -> None:
    assert found(type=value) == [("error", "product-type", 4)]


@pytest.mark.parametrize("key", ["website_url", "documentation_url", "repo_url", "product_logo_url"])
@pytest.mark.parametrize(("value", "why"), [
    ("example.com/a.svg", "absolute URL"), ("/a.svg", "absolute URL"), ("ftp://example.com/a.svg", "absolute URL"),
    ("https://", "absolute URL"), ("https:///a.svg", "absolute URL"), ("mailto:a@example.com", "absolute URL"),
    ("https://example.com/a b.svg", "blank"), ("https://[::1/a.svg", "no URL"), ("https://example.com:port/a.svg", "no URL"),
    ("https://me:word@example.com/a.svg", "would be public"), ("n/a", "absolute URL")])
def test_addresses_are_absolute(key: str, value: str, why: str) -> None:
    _values, (one,) = product.check(yaml.safe_dump({**VALUES, key: value}))
    assert (one.severity, one.code) == ("error", "product-url") and why in one.message and one.message.startswith(key)


@pytest.mark.parametrize("value", ["HTTP://example.com:8080/a.svg", "https://example.com/a.svg?raw=true#top"])
def test_addresses_that_are(value: str) -> None:
    assert found(product_logo_url=value, website_url=value) == []


@pytest.mark.parametrize(("path", "severity"), [
    ("a.svg", ""), ("a.EPS", ""), ("a.ai", ""), ("a.svg?raw=true", ""), ("a.png", "error"), ("A.PNG?x=a.svg", "error"),
    ("a.jpeg", "error"), ("a.gif", "error"), ("a.webp", "error"), ("logo", "warning"), ("a.pdf", "warning")])
def test_a_logo_is_a_drawing(path: str, severity: str) -> None:
    wanted = [(severity, "product-logo", 9)] if severity else []
    assert found(product_logo_url=f"https://example.com/{path}") == wanted


@pytest.mark.parametrize("value", ["a@example.com", "Ann Example <a@example.com>", '"Example, Inc." <a@example.com>',
                                   "a.b+c@mail.example.com", "root@localhost"])
def test_a_mail_address(value: str) -> None:
    assert found(contact_email_address=value) == []


@pytest.mark.parametrize("value", ["example.com", "a@", "@example.com", "a b@example.com", "https://example.com/contact",
                                   "a@example.com, b@example.com", "a at example.com", "a@b@example.com",
                                   "a@example.com b", "Ann"])
def test_no_mail_address(value: str) -> None:
    assert found(contact_email_address=value) == [("error", "product-email", 8)]


@pytest.mark.parametrize(("text", "code", "line"), [
    ("vendor: [\n", "product-yaml", 2), ("a: b: c\n", "product-yaml", 1), ("- vendor\n", "product-yaml", 1),
    ("just words\n", "product-yaml", 1), ("vendor: a\n---\nvendor: b\n", "product-yaml", 2), ("a\x00b", "product-yaml", 0),
    ("[" * 50000, "product-yaml", 1), ("a: &a [*a]\nvendor: *b\n", "product-yaml", 2),
    ("vendor: a\nvendor: b\n", "product-twice", 2), ("name:\n  en: a\n", "product-value", 1),
    ("name: [a]\n", "product-value", 1)])
def test_a_file_that_cannot_be_taken_as_it_is(text: str, code: str, line: int) -> None:
    first = product.check(text)[1][0]
    assert (first.severity, first.code, first.line) == ("error", code, line)


def test_an_empty_file_lacks_every_key() -> None:
    assert [f.code for f in product.check("# nothing\n")[1]] == ["product-missing"] * 8
    assert [f.code for f in product.check("name: [a]\n")[1]].count("product-missing") == 7


@pytest.mark.parametrize(("value", "warned"), [("1.10", True), ("7", True), ("true", True), ("2026-01-01", True),
                                               ("'1.10'", False), ("v1.10", False), ("1.2.3", False)])
def test_a_version_that_yaml_takes_for_a_number(value: str, warned: bool) -> None:
    text = yaml.safe_dump({**VALUES, "version": "X"}, sort_keys=False).replace("X", value)
    values, wrong = product.check(text)
    assert values["version"] == value.strip("'")
    assert [(f.severity, f.code, f.line) for f in wrong] == [("warning", "product-number", 3)] * warned


def test_a_key_that_is_none_is_told_with_the_one_that_was_meant() -> None:
    _values, (one,) = product.check(yaml.safe_dump(VALUES) + "contact_email: a@example.com\n")
    assert (one.severity, one.code, one.line) == ("warning", "product-unknown", 9)
    assert one.message == "contact_email is not known, did you mean contact_email_address?"
    assert "the keys are vendor, name" in product.check(yaml.safe_dump(VALUES) + "x: y\n")[1][0].message


def test_what_is_written_is_read_as_it_was_meant() -> None:
    odd = {**VALUES, "version": "1.10", "vendor": "Ünï: #1 'Co'", "description": "no", "repo_url": " "}
    values, wrong = product.check(product.render(odd))
    assert not wrong and values == {k: v for k, v in odd.items() if v.strip()}


def test_the_option_takes_each_key_of_the_file() -> None:
    assert tuple(SUBMISSION["product"]["options"]) == product.KEYS
