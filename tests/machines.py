"""Run the tests as other machines would run them, and print a table.

The rows cover each pair of settings of ONEDNN_MAX_CPU_ISA, OMP_NUM_THREADS, MKL_CBWR
and the order of the tests. One row repeats the first one in the same checkout, and one
row uses the lowest versions that pyproject.toml allows.

    make test-machines                                  # all rows
    make test-machines ARGS="--rows 2,8 tests/metrics"  # some rows, some tests

Each row is one run of pytest, and build/test-machines keeps its log. The exit status is
1 if a test of any row fails.
"""

import argparse
import os
import secrets
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
LOGS = ROOT / "build/test-machines"


class Row(NamedTuple):
    """Settings of one run; None leaves an environment variable unset."""

    isa: str | None = None
    threads: int = 1
    cbwr: str | None = None
    order: str = "given"
    versions: str = "pinned"

    def environment(self):
        """Return the environment of the run."""
        settings = {
            "ONEDNN_MAX_CPU_ISA": self.isa,
            "OMP_NUM_THREADS": str(self.threads),
            "MKL_CBWR": self.cbwr,
        }
        environment = {k: v for k, v in os.environ.items() if k not in settings}
        return environment | {k: v for k, v in settings.items() if v is not None}


ROWS = (
    Row(),
    Row(),  # again, in the checkout that the first run has used
    Row(threads=2, cbwr="COMPATIBLE", order="random"),
    Row(isa="AVX2", order="random"),
    Row(isa="AVX2", threads=2, cbwr="COMPATIBLE"),
    Row(isa="AVX512_CORE", cbwr="COMPATIBLE", order="random"),
    Row(isa="AVX512_CORE", threads=2),
    Row(order="random", versions="lowest"),
)
LINE = "{:>3}  {:<11}  {:>7}  {:<10}  {:<6}  {:<8}"
HEADER = LINE.format("row", "ISA", "threads", "MKL_CBWR", "order", "versions")
COUNTS = "  {:>6}  {:>6}  {:>7}  {:>7}"


def run_row(number, python, tests, seed):
    """Run pytest with the settings of a row.

    Parameters
    ----------
    number : int
        Number of the row in the table, from 1.
    python : str
        Python executable that has the versions of the row.
    tests : list of str
        Files and folders of tests; empty for all.
    seed : int
        Seed of the random order, which the number of the row changes.

    Returns
    -------
    passed : bool
        Whether all tests passed.
    counts : tuple of (int or str)
        Numbers of passed, failed and skipped tests, and minutes; dashes if pytest ended
        without a report.
    """
    row = ROWS[number - 1]
    log, report = LOGS / f"row-{number}.log", LOGS / f"row-{number}.xml"
    report.unlink(missing_ok=True)
    command = [python, "-m", "pytest", "-n", "2", "--dist", "worksteal"]
    command += ["-m", "not slow and not gpu", f"--junit-xml={report}", *tests]
    if row.order == "random":
        command += ["-p", "randomly", f"--randomly-seed={seed + number}"]
        command += ["--randomly-dont-reset-seed"]
    with log.open("w") as output:
        print(row, shlex.join(command), sep="\n", file=output, flush=True)
        status = subprocess.run(
            command,
            cwd=ROOT,
            env=row.environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        ).returncode
    if not report.exists():
        return False, ("-", f"exit {status}", "-", "-")
    suite = ElementTree.parse(report).find("testsuite")
    total, *bad, skipped = (
        int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")
    )
    minutes = f"{float(suite.get('time')) / 60:.1f}"
    return status == 0, (total - sum(bad) - skipped, sum(bad), skipped, minutes)


def main():
    """Run the chosen rows and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tests", nargs="*", help="files and folders; default: all")
    parser.add_argument("--rows", help="numbers of rows, as in 1,3; default: all")
    parser.add_argument("--seed", type=int, help="seed of the random orders")
    parser.add_argument(
        "--lowest",
        default=str(ROOT / ".venv-lowest/bin/python"),
        help="Python with the lowest versions; default: %(default)s",
    )
    arguments = parser.parse_args()
    pythons = {"pinned": sys.executable, "lowest": arguments.lowest}
    numbers = range(1, len(ROWS) + 1)
    if arguments.rows is not None:
        chosen = arguments.rows.split(",")
        if unknown := set(chosen) - {str(number) for number in numbers}:
            parser.error(f"no row {', '.join(sorted(unknown))}: 1 to {len(ROWS)}")
        numbers = [int(number) for number in chosen]
    for python in {pythons[ROWS[number - 1].versions] for number in numbers}:
        if not Path(python).exists():
            parser.error(f"{python} is missing: make test-lowest makes it")
    seed = secrets.randbelow(2**32) if arguments.seed is None else arguments.seed

    LOGS.mkdir(parents=True, exist_ok=True)
    print(f"Random order: --seed {seed}. Logs: {LOGS}")
    print(HEADER + COUNTS.format("passed", "failed", "skipped", "minutes"))
    all_passed = True
    for number in numbers:
        row = ROWS[number - 1]
        cells = ("unset" if cell is None else cell for cell in row)
        print(LINE.format(number, *cells), end="", flush=True)
        passed, counts = run_row(number, pythons[row.versions], arguments.tests, seed)
        print(COUNTS.format(*counts), flush=True)
        all_passed &= passed
    return 0 if all_passed else 1


if __name__ == "__main__":
    sys.exit(main())
