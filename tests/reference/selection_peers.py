"""What users of scikit-learn have, on the tables of `tamis trials`.

    cargo trials --rows 300 --draws 2 --tables /tmp/tables
    python3 tests/reference/selection_peers.py /tmp/tables > peers.csv

LassoCV: non-zero coefficients. Mutual information: above the largest of 20 permutations of the target, over all
columns. Boruta: 20 rounds of a random forest (50 trees, depth 7) beside shuffled copies, binomial test, Holm.
Permutation importance: random forest, 25 % held out, mean above two deviations of 10 repeats. For each table the
columns selected and the seconds of processor time, one thread, and the most memory that the process has held so far.
In selection_peers.csv the columns found by `tamis select` stand beside, as `cargo trials --json` tells them.
"""

import csv
import pathlib
import resource
import sys
import time
import warnings

import numpy as np
from scipy.stats import binom
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LassoCV
from sklearn.model_selection import train_test_split

ALPHA = 0.05


def read(path):
    with open(path) as file:
        header, *rows = csv.reader(file)
    x = np.array([[float(cell) for cell in row[:-1]] for row in rows])
    try:
        return x, np.array([float(row[-1]) for row in rows]), False
    except ValueError:
        return x, np.unique([row[-1] for row in rows], return_inverse=True)[1], True


def forest(classes, seed):
    kind = RandomForestClassifier if classes else RandomForestRegressor
    return kind(n_estimators=50, max_depth=7, random_state=seed, n_jobs=1)


def lasso(x, y, classes):
    z = (x - x.mean(0)) / x.std(0)
    return np.flatnonzero(np.abs(LassoCV(cv=5, random_state=0).fit(z, y.astype(float)).coef_) > 1e-8)


def mutual_information(x, y, classes):
    of = mutual_info_classif if classes else mutual_info_regression
    rng = np.random.default_rng(0)
    null = max(of(x, rng.permutation(y), random_state=0).max() for _ in range(20))
    return np.flatnonzero(of(x, y, random_state=0) > null)


def boruta(x, y, classes, rounds=20):
    rng = np.random.default_rng(0)
    hits = np.zeros(x.shape[1])
    for number in range(rounds):
        shadows = rng.permuted(x, axis=0)
        importance = forest(classes, number).fit(np.hstack([x, shadows]), y).feature_importances_
        hits += importance[: x.shape[1]] > importance[x.shape[1] :].max()
    p = binom.sf(hits - 1, rounds, 0.5)
    order = np.argsort(p)
    selected = []
    for rank, column in enumerate(order):
        if p[column] > ALPHA / (x.shape[1] - rank):
            break
        selected.append(column)
    return np.array(selected, int)


def permutation(x, y, classes):
    train, test, y_train, y_test = train_test_split(x, y, test_size=0.25, random_state=0)
    model = forest(classes, 0).fit(train, y_train)
    result = permutation_importance(model, test, y_test, n_repeats=10, random_state=0)
    return np.flatnonzero(result.importances_mean > 2 * result.importances_std)


METHODS = {
    "LassoCV": lasso,
    "mutual information": mutual_information,
    "Boruta": boruta,
    "permutation importance": permutation,
}


def main():
    warnings.filterwarnings("ignore")
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["family", "rows", "draw", "method", "found", "seconds", "megabytes"])
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.csv"), key=by_draw):
        x, y, classes = read(path)
        for name, method in METHODS.items():
            start = time.process_time()
            found = " ".join(str(column) for column in sorted(method(x, y, classes)))
            seconds = time.process_time() - start
            megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            out.writerow([*name_of(path), name, found, f"{seconds:.3f}", megabytes])
            sys.stdout.flush()


def name_of(path):
    family, rows, draw = path.stem.rsplit("-", 2)
    return family, int(rows), int(draw)


def by_draw(path):
    """First one draw of everything, then the next."""
    family, rows, draw = name_of(path)
    return draw, rows, family


if __name__ == "__main__":
    main()
