# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Journals are for their owner only, also those that go beside the results and make their folder first."""
from __future__ import annotations

import os
import stat

from ansible_collections.assay.clusters.plugins.module_utils.common.journal import Journal
from ansible_collections.assay.clusters.plugins.module_utils.results import store


def test_a_journal_and_the_folders_that_it_makes_are_for_their_owner_only(tmp_path):
    def mode(path):
        return stat.S_IMODE(os.stat(path).st_mode)

    before = os.umask(0o000)
    try:
        journal = Journal(tmp_path / "state" / "journal", "r1", "c1", "https://c1")
        assert mode(journal.path) == 0o600
        kept = journal.done(store.journal_folder(tmp_path / "results"))
    finally:
        os.umask(before)
    assert {mode(tmp_path / p) for p in ("state", "state/journal", "results", "results/journal")} == {0o700}
    assert mode(kept) == 0o600 and os.path.dirname(kept) == str(tmp_path / "results" / "journal")
