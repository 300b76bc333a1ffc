# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Licences that end, before they do: those of the servers on which clusters and their pipelines stand."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..engine.check import Check
from ..engine.declared import Option
from ..kube.errors import BadInput
from ._certificates.licenses import License, NotTold, ask, entries
from ._certificates.time import FAIL, WARN, Bounds, day, near
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context

_LICENSES = ("Licences to look at. Each is a dictionary, with C(gitlab) (the address of a GitLab, whose licence API is asked with"
             " an administrator's token) or with C(url) and C(expires) (a JMESPath expression for the date in the JSON that it"
             " answers); and, where it is needed, C(name) for messages, C(token) or C(token_env) (a variable of the controller's"
             " environment), C(headers), C(header_env) (variables by header), C(format) (auto, iso, epoch_seconds or"
             " epoch_millis), C(ca_file), C(validate_certs), C(warn_days) and C(fail_days).")


class Licenses(Check):
    """Asks from the controller, so that it tells also what the cluster itself does not."""

    name = "licenses"
    domain = "certificates"
    proves = "No licence that is named has ended or is near its end."
    options = (
        Option("licenses", _LICENSES, type="list", elements="dict", default=[], secret=None,
               example=[{"gitlab": "https://gitlab.example.com", "token_env": "GITLAB_TOKEN"}]),
        Option("license_warn_days", "Warn when a licence has fewer days left.", type="float", default=30.0, minimum=0),
        Option("license_fail_days", "Fail when a licence has fewer days left.", type="float", default=7.0, minimum=0),
    )
    expected = 30.0
    limit = 120.0
    needs_cluster = False

    def applies(self, ctx: Context) -> str:
        return "" if ctx.options.get("licenses") else "no licence is named (certificates_check_licenses)"

    def run(self, ctx: Context) -> None:
        with ctx.step("the options can be read"):
            wanted = self._wanted(ctx)
        silent: dict[str, str] = {}
        bad: dict[str, str] = {}
        with ctx.step("every licence can be asked for"):
            ctx.observe(asked={one.target: one.url for one in wanted})
            for one, (level, words) in zip(wanted, ctx.in_parallel(lambda w: self._look(ctx, w), wanted)):
                if level == FAIL:
                    bad[one.target] = words
                elif level:
                    silent[one.target] = words
        lost = f"not told: {listed(f'{t} {w}' for t, w in silent.items())}" if silent else ""
        with ctx.step("no licence has ended or is near its end"):
            ctx.expect(not bad, "; ".join([listed(f"{t} {w}" for t, w in bad.items()), *([lost] if lost else [])]), ending=bad)
        with ctx.step("every licence can be asked for"):
            if lost:
                ctx.inconclusive(lost, not_answered=silent)

    @staticmethod
    def _wanted(ctx: Context) -> list[License]:
        usual = Bounds(float(ctx.options.get("license_warn_days") or 0), float(ctx.options.get("license_fail_days") or 0), 0, 0)
        try:
            return entries("certificates_check_licenses", ctx.options["licenses"], usual, os.environ)
        except BadInput as e:
            ctx.inconclusive(str(e), bad_option=str(e))

    @staticmethod
    def _look(ctx: Context, one: License) -> tuple[str, str]:
        """("fail", in words), ("silent", why), or twice nothing."""
        try:
            told = ask(one, ctx.left)
        except NotTold as e:
            return "silent", str(e)
        level, words = near(told.ends, 0.0, told.clocks, one.bounds) if told.ends is not None else ("", "")
        if told.expired and level != FAIL:
            level, words = FAIL, "has ended, as its server says" + (f", on {day(told.ends)}" if told.ends else "")
        ctx.see(kind="license", target=one.target, variant="end", ok=level != FAIL, error=words if level == FAIL else "")
        if told.ends is not None:
            ctx.measure(f"days until {one.target} ends", (told.ends - told.clocks.server) / 86400.0, "d")
        if level == WARN:
            ctx.warn(f"{one.target} {words}")
        if told.over > 0:
            ctx.warn(f"{one.target} is used by {told.over} more than it is paid for")
        return (FAIL, words) if level == FAIL else ("", "")
