"""Distributed training: torchrun, MPI-like ranks, and where the hosts of a job meet.

The hosts of a job are processes of one machine, each with its own `/opt/ml`; their names resolve to the loopback
address. The platform chose a free port for each job with several hosts (`CLARY_RENDEZVOUS`), so that jobs that run at
the same time do not take each other's.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from .commands import Command, Orders
from .failure import ExecuteUserScriptError, ToolkitError
from .job import Job

_TORCH = ("sagemaker_torch_distributed_enabled", "sagemaker_pytorch_ddp_enabled")
_MPI = "sagemaker_mpi_enabled"
_PER_HOST = ("sagemaker_mpi_num_of_processes_per_host", "sagemaker_torch_distributed_processes_per_host")


@dataclass(frozen=True)
class Ranks:
    """The programs that this host runs.

    Attributes:
        command: the same for all.
        variables: of each.
    """

    command: tuple[str, ...]
    variables: tuple[dict[str, str], ...]


def variables(job: Job) -> dict[str, str]:
    """Where programs of all hosts meet: what `torch.distributed` reads with init_method "env://"."""
    port = os.environ.get("CLARY_RENDEZVOUS", "").rpartition(":")[2] or str(_free_port())
    # PET_MASTER_PORT is torchrun's own default: two jobs of one host each must not meet.
    return {
        "MASTER_ADDR": job.hosts[0] if len(job.hosts) > 1 else "127.0.0.1",
        "MASTER_PORT": port,
        "PET_MASTER_PORT": port,
    }


def commands(job: Job, arguments: Sequence[str]) -> Ranks | None:
    """What a distributed job runs on this host; None for a job that is not.

    Raises:
        ToolkitError: its entry point cannot be distributed.
    """
    if any(job.platform.get(name) for name in _TORCH):
        return _torchrun(job, arguments)
    if job.platform.get(_MPI):
        return _mpi(job, arguments)
    return None


def run_ranks(job: Job, ranks: Ranks) -> int:
    """Runs the programs until all have ended; one that fails ends the others.

    Returns:
        0.

    Raises:
        ExecuteUserScriptError: one failed; the message is that of the first.
    """
    print("Invoking script with the following command:\n\n" + " ".join(ranks.command) + "\n", flush=True)  # noqa: T201
    with Orders() as orders:
        started = [orders.start(Command(job, ranks.command, variables)) for variables in ranks.variables]
        failed = _first_failure(started)
    if failed is not None:
        rank, code = failed
        said = _of_the_script(started[rank].said) or f"process {rank} ended with exit code {code}"
        raise ExecuteUserScriptError(said, code, started[rank].line)
    return 0


def _of_the_script(said: str) -> str:
    """What a script said before torchrun told of its end, or all where the script said nothing."""
    before, found, _ = said.partition("torch/distributed/elastic/multiprocessing/api.py")
    return before.rpartition("\n")[0].strip() or said if found else said


def _first_failure(started: Sequence[Command]) -> tuple[int, int] | None:
    """Waits for all; which process failed first, and its exit code."""
    waiting = {command.process.pid: rank for rank, command in enumerate(started)}
    failed: tuple[int, int] | None = None
    while waiting:
        pid, status = os.wait()
        if pid not in waiting:
            continue
        rank = waiting.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        started[rank].process.returncode = code
        if code != 0 and failed is None:
            failed = rank, code if code > 0 else 128 - code
            for other in waiting.values():
                started[other].process.terminate()
    for command in started:
        command.wait()
    return failed


def _per_host(job: Job) -> int:
    for name in _PER_HOST:
        if job.platform.get(name):
            return int(job.platform[name])
    return max(1, job.gpus)


def _torchrun(job: Job, arguments: Sequence[str]) -> Ranks:
    if not job.program.endswith(".py"):
        raise ToolkitError(f"torchrun needs a Python script as its entry point, not {job.program}")
    command = ["torchrun", "--nnodes", str(len(job.hosts)), "--nproc_per_node", str(_per_host(job))]
    address = variables(job) if "MASTER_PORT" not in os.environ else os.environ
    command += ["--master_addr", address["MASTER_ADDR"], "--master_port", address["MASTER_PORT"]]
    command += ["--node_rank", str(job.hosts.index(job.host)), job.program, *arguments]
    return Ranks(tuple(command), ({},))


def _mpi(job: Job, arguments: Sequence[str]) -> Ranks:
    """MPI on one machine: mpirun where it is installed and the job has one host, else the same ranks without it."""
    count = _per_host(job)
    program = (sys.executable, job.program, *arguments) if job.program.endswith(".py") else (f"./{job.program}",)
    mpirun = shutil.which("mpirun")
    if mpirun is not None and len(job.hosts) == 1:
        options = str(job.platform.get("sagemaker_mpi_custom_mpi_options") or "").split()
        return Ranks((mpirun, "--allow-run-as-root", "--oversubscribe", "-np", str(count), *options, *program), ({},))
    missing = "mpirun is not installed" if mpirun is None else "the hosts of a job share no mpirun here"
    print(  # noqa: T201 - this goes into the job's log
        f"{missing}: {count} processes are started on {job.host} with the variables of Open MPI's ranks. Programs that "
        "read those (torch.distributed, for one) run; programs that call MPI itself (mpi4py, Horovod) do not.",
        flush=True,
    )
    first = job.hosts.index(job.host) * count
    return Ranks(program, tuple(_rank(job, first, local, count) for local in range(count)))


def _rank(job: Job, first: int, local: int, count: int) -> dict[str, str]:
    size = count * len(job.hosts)
    told = {"RANK": first + local, "SIZE": size, "LOCAL_RANK": local, "LOCAL_SIZE": count}
    told["NODE_RANK"] = job.hosts.index(job.host)
    open_mpi = {f"OMPI_COMM_WORLD_{name}": str(value) for name, value in told.items()}
    torch = {"RANK": str(first + local), "WORLD_SIZE": str(size), "LOCAL_RANK": str(local)}
    return {**open_mpi, **torch, "LOCAL_WORLD_SIZE": str(count)}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
