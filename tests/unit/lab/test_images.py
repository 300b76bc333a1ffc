# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is remembered of images in the registry, by clusters that come up at the same time."""
from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.lab import images


class Image:
    def __init__(self, mark: str) -> None:
        self._mark = mark

    def mark(self) -> str:
        return self._mark


def test_what_was_pushed_is_never_seen_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks, pushed = tmp_path / "pushed.json", []
    monkeypatch.setattr(images, "push", lambda _registry, reference, _image: pushed.append(reference))
    many: dict[str, Any] = {f"library/image-{n}:1": Image("x" * 200) for n in range(300)}
    images.push_changed("registry", marks, many)
    assert len(pushed) == 300
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _n: images.push_changed("registry", marks, many), range(400)))
    assert len(pushed) == 300 and len(json.loads(marks.read_text())) == 300 and list(tmp_path.iterdir()) == [marks]
    images.push_changed("registry", marks, {"library/image-7:1": Image("new")})
    assert pushed[300:] == ["library/image-7:1"]
