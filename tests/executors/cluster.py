"""A cluster of two nodes on this machine: jobs, a recipe, and a node that is killed meanwhile."""

import sys
import time
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

from intralpha.base import DataError
from intralpha.executors import RaySpec
from intralpha.pipeline import execute, load_recipe, plan

MEMORY = 80 * 2**20


class RefusedError(DataError):
    def __init__(self, value: int, why: str) -> None:
        self.value = value
        super().__init__(f"{value}: {why}")


def double(value: int) -> tuple[int, str]:
    time.sleep(0.2)
    return 2 * value, import_module("ray").get_runtime_context().get_node_id()


def refuse(value: int) -> None:
    raise RefusedError(value, "not this one")


def try_jobs(spec: RaySpec) -> None:
    seen: list[int] = []
    with spec.open(2) as executor:
        found = executor.run(double, range(8), seen.append)
        print("doubled", [value for value, _ in found], "by", len({node for _, node in found}))
        print("seen", sorted(seen))
        try:
            executor.run(refuse, (1, 1))
        except RefusedError as error:
            print("refused", error.value, error)


def kill_when_training(cluster: Any, node: object, work: Path) -> None:
    """Take a node away as soon as a training has finished an epoch."""
    while not any(work.glob("weights-*/state/facts.json")):
        time.sleep(0.05)
    cluster.remove_node(node, allow_graceful=False)
    print("killed", flush=True)


def try_recipe(path: Path, runs: Path, cluster: Any, node: object) -> None:
    changes = (
        "data.sources=[]",
        "portfolio=null",
        "workers=2",
        f"executor={{kind: ray, address: '{cluster.address}', cores: 1}}",
    )
    work = runs / "artifacts" / ".work"
    Thread(target=kill_when_training, args=(cluster, node, work), daemon=True).start()
    result = execute(plan(load_recipe(path, changes), runs), show_progress=False)
    print("problems", result.problems)


if __name__ == "__main__":
    head = {"num_cpus": 0, "object_store_memory": MEMORY, "include_dashboard": False}
    cluster = import_module("ray.cluster_utils").Cluster(initialize_head=True, head_node_args=head)
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=MEMORY) for _ in range(2)]
    try:
        try_jobs(RaySpec(address=cluster.address))
        try_recipe(Path(sys.argv[1]), Path(sys.argv[2]), cluster, nodes[0])
    finally:
        cluster.shutdown()
