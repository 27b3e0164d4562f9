"""Tables in which one input depends on another by its square, which no correlation shows: how often is it named?

    python3 tests/reference/selection_squares.py target/debug/tamis

16 standard normal inputs, 300 rows, of which a fifth is kept for the test, noise of deviation .3; x4 does not matter.

    linear   y = x0 + x1 + x2     x4 = x1^2: the target has nothing of it
    square   y = x0 + x1^2        x4 = x1^2 + e, e of deviation 1: a blurred copy of what the target is made of
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

DRAWS = range(40)


def table(kind, draw):
    rng = np.random.default_rng(draw)
    x, e = rng.standard_normal((300, 16)), rng.standard_normal((300, 2))
    x[:, 4] = x[:, 1] ** 2 + (e[:, 1] if kind == "square" else 0)
    y = x[:, :3].sum(1) if kind == "linear" else x[:, 0] + x[:, 1] ** 2
    return np.column_stack([x, y / y.std() + 0.3 * e[:, 0]])


def verdicts(tamis, numbers, folder):
    path = pathlib.Path(folder) / "table.csv"
    with open(path, "w") as file:
        out = csv.writer(file)
        out.writerow([f"x{column}" for column in range(16)] + ["y"])
        out.writerows(numbers)
    command = [tamis, "select", path, "--target", "y", "--json", "--out", path.with_suffix("")]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {input["name"]: input["verdict"] for input in report["inputs"]}


def main():
    for kind, matter in (("linear", {"x0", "x1", "x2"}), ("square", {"x0", "x1"})):
        missed, named, others, undecided = 0, 0, 0, 0
        for draw in DRAWS:
            with tempfile.TemporaryDirectory() as folder:
                found = verdicts(sys.argv[1], table(kind, draw), folder)
            relevant = {name for name, verdict in found.items() if verdict == "relevant"}
            missed += len(matter - relevant)
            named += "x4" in relevant
            others += bool(relevant - matter - {"x4"})
            undecided += found["x4"] == "undecided"
        print(f"{kind}: of {len(DRAWS)} tables x4 is named in {named}, undecided in {undecided}, another that does not "
              f"matter named in {others}; {missed} that matter missed", flush=True)


if __name__ == "__main__":
    main()
