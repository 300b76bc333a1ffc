# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The signs of verdicts, which every page of ours defines once at its top and uses by #i-VERDICT."""
from __future__ import annotations

SYMBOLS = """<svg width="0" height="0" class="symbols" aria-hidden="true">
<symbol id="i-passed" viewBox="0 0 16 16"><path d="M3.5 8.5 6.6 11.5 12.5 4.8"/></symbol>
<symbol id="i-failed" viewBox="0 0 16 16"><path d="M4.2 4.2 11.8 11.8M11.8 4.2 4.2 11.8"/></symbol>
<symbol id="i-warned" viewBox="0 0 16 16"><path d="M8 3.2V9M8 12.4V12.6"/></symbol>
<symbol id="i-inconclusive" viewBox="0 0 16 16"><path
d="M5.4 5.9C5.4 2.6 10.7 2.7 10.7 5.8 10.7 7.8 8 7.8 8 9.8M8 12.6V12.8"/></symbol>
<symbol id="i-skipped" viewBox="0 0 16 16"><path d="M4.5 8H11.5"/></symbol>
</svg>
"""
