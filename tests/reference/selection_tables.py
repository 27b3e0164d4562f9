"""Three tables of measurements, as CSV with the target last.

    python3 tests/reference/selection_tables.py tests/reference/tables

Diabetes (442 patients, Efron et al. 2004), breast cancer (569 tumours, Wolberg et al. 1995, CC BY 4.0) and wine (178
samples, Aeberhard and Forina 1991, CC BY 4.0), with the numbers that come with scikit-learn (BSD 3-Clause).
"""

import csv
import pathlib
import sys

from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine


def main():
    folder = pathlib.Path(sys.argv[1])
    tables = {
        "diabetes": load_diabetes(scaled=False),
        "breast_cancer": load_breast_cancer(),
        "wine": load_wine(),
    }
    for name, table in tables.items():
        names = getattr(table, "target_names", None)
        with open(folder / f"{name}.csv", "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*table.feature_names, "target"])
            for x, y in zip(table.data, table.target):
                cells = [repr(float(cell)).removesuffix(".0") for cell in x]
                writer.writerow([*cells, repr(float(y)).removesuffix(".0") if names is None else names[y]])


if __name__ == "__main__":
    main()
