"""A grid as a job of HyperQueue, a part a task, and the table that the parts make.

    pip install hyperqueue
    python3 docs/sweep/hq_job.py GRID.toml OUT.csv [--parts 4] [--tamis PATH]

It starts a server and a worker on this machine; on a cluster connect to a running server instead:
`Client(server_dir)` for `cluster.client()`. A task that is repeated goes on with the rows that its part has.
"""

import argparse
import subprocess
from pathlib import Path

from hyperqueue import Job, LocalCluster


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("grid", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--parts", type=int, default=4)
    arguments.add_argument("--tamis", default="tamis", help="the command `tamis`")
    given = arguments.parse_args()
    folder = given.out.resolve().with_suffix(".parts")
    folder.mkdir(parents=True, exist_ok=True)
    parts = [folder / f"part{k}.csv" for k in range(1, given.parts + 1)]

    job = Job(default_workdir=folder)
    for k, part in enumerate(parts, 1):
        shard = ["--shard", f"{k}/{given.parts}", "--out", str(part)]
        job.program([given.tamis, "sweep", "run", str(given.grid.resolve()), *shard], name=part.stem)
    with LocalCluster() as cluster:
        cluster.start_worker()
        client = cluster.client()
        client.wait_for_jobs([client.submit(job)])
    subprocess.run([given.tamis, "sweep", "merge", str(given.out), *map(str, parts)], check=True)


main()
