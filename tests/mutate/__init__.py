# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mutants: small faults put into the product on purpose, one at a time, to see whether the nearest tests notice.

A room of the product has a list in lists/<room>.yml: `tests`, the arguments for pytest that select its nearest tests; `limit`,
the seconds that one mutant may take (without it ten times what the tests take, at least a minute); and `mutants`, each with

    id, file (from the checkout's root)
    old, new    the text that is replaced and what stands there instead; `old` as short as is unique
    nth         which one, from 1, where `old` cannot be made unique
    what        what a user would see if it went unnoticed
    tests       nearest tests of its own in place of the room's
    reason      only for one that is kept although it survives: why no test here can tell it from the product

Why not mutmut or cosmic-ray: both make every mutant there is (tens of thousands for this product, at seconds each) and keep no
list that says what a hole would mean; mutmut 3 besides changes nothing outside of functions, where bounds and tables of causes
stand, and cosmic-ray changes the files of the checkout that it is started in. For new holes there is `--file`, a sample of
mutants made from the code of one file.
"""
