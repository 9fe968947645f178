"""Replicas of programs that users bring: isolated as their jobs are, answering on a socket that is handed to them.

The socket is made here and its descriptor is inherited, so that nothing of the machine's file system is shared with the
program: it cannot put another socket in the place of its own. Each replica has a folder of its own at `/opt/ml`; the
model and the code, which all replicas of a variant share, appear in it read-only.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from clary.compute.contract import Program, ReplicaPlan
from clary.compute.executors import isolation, tree
from clary.compute.exits import Exit, signal_or_code
from clary.compute.folder import remove_tree
from clary.compute.forking.spawner import Spawner, StartedProgram
from clary.compute.machine import this_machine
from clary.compute.preparation import Preparation

SHARED = ("model", "code")
"""Folders of a variant that its replicas see read-only."""
REPLICAS = "replicas"
"""The folder of a variant that holds the replicas' own."""
_BACKLOG = 512
_LOOK_SECONDS = 0.5
_INHERITED = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


class IsolatedProgram(Exit):
    """A replica's program and its folder, which goes with it.

    It counts as ended once the whole tree of processes and the folder are gone.
    """

    def __init__(self, forked: StartedProgram, folder: Path, memory_bytes: int, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._forked = forked
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._tell = tell
        threading.Thread(target=self._watch, name=f"replica {forked.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process that stands for the program: everything it started is below it."""
        return self._forked.pid

    def terminate(self) -> None:
        """Sends SIGTERM to the program."""
        self._forked.terminate()

    def kill(self) -> None:
        """Ends the whole tree of processes at once."""
        self._forked.kill()

    def _watch(self) -> None:
        """Waits for the end; a tree that holds more than it may is ended."""
        while (code := self._forked.wait(_LOOK_SECONDS)) is None:
            line = tree.exceeded(self.pid, self._memory_bytes, "replica")
            if line:
                self._tell(line)
                self.kill()
        remove_tree(self._folder)
        self.exited.set_result(signal_or_code(code))


class IsolatedReplicas:
    """Starts replicas of programs with `argv`.

    Args:
        spawner: the fork server.
        preparation: makes their environments ready.
        hidden: folders that they must not see.
    """

    def __init__(self, spawner: Spawner, preparation: Preparation, hidden: Sequence[Path]) -> None:
        self._spawner = spawner
        self._preparation = preparation
        self._hidden = tuple(hidden)

    def is_ready(self, program: Program) -> bool:
        """Whether `start` will not have to build an environment first."""
        return self._preparation.is_ready(program)

    def start(
        self,
        plan: ReplicaPlan,
        root: Path,
        socket_path: Path,
        output: int,
        tell: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> IsolatedProgram:
        """Prepares and starts a replica; it listens already, but need not answer yet.

        Args:
            root: the variant's folder, which holds the model.
            socket_path: where it is reached.
            output: descriptor for its output.
            tell: called with lines for its log.
            cancelled: whether to give up; looked at while an environment is built.

        Raises:
            OSError: it cannot be started.
            PreparationFailed, PreparationCancelled: its environment cannot be made, or is no longer wanted.
        """
        folder = root / REPLICAS / secrets.token_hex(6)
        folder.mkdir(parents=True)
        try:
            program = self._preparation.prepare(plan.program, folder, tell, cancelled)
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(str(socket_path))
                listening.listen(_BACKLOG)
                return self._spawn(plan, program, root, folder, listening.fileno(), output, tell)
        except BaseException:
            socket_path.unlink(missing_ok=True)
            remove_tree(folder)
            raise

    def _spawn(
        self,
        plan: ReplicaPlan,
        program: Program,
        root: Path,
        folder: Path,
        listening: int,
        output: int,
        tell: Callable[[str], None],
    ) -> IsolatedProgram:
        machine = this_machine()
        memory_bytes = machine.clamp_memory(plan.limits.memory_bytes)
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        environment = {"LANG": "C.UTF-8", "PATH": os.environ.get("PATH", os.defpath), **environment}
        environment |= {"HOME": "/tmp", "PYTHONUNBUFFERED": "1", **program.environment}  # noqa: S108 - its own, empty
        if not plan.limits.network:
            environment["CLARY_NETWORK_ISOLATION"] = "1"  # a `pip install` then says why it cannot
        shared = {f"{isolation.ML_FOLDER}/{name}": root / name for name in SHARED if (root / name).is_dir()}
        probe = isolation.probe()
        if probe.bubblewrap:
            environment, variables = isolation.split_environment(environment)
            argv = isolation.command(
                probe.bubblewrap,
                program.argv,
                folder,
                self._hidden,
                network=plan.limits.network,
                visible=program.visible,
                shared=shared,
                variables=variables,
                scratch_bytes=memory_bytes,
            )
        elif not plan.limits.network:
            raise OSError(f"the model asks for network isolation, which this machine cannot give: {probe.description}")
        else:
            argv, environment = _in_the_open(program.argv, environment, folder, shared)
        forked = self._spawner.spawn(
            argv=argv,
            environment=environment,
            output=output,
            folder=folder,
            cpus=machine.clamp_cpus(plan.limits.cpus),
            memory_bytes=memory_bytes,
            die_with_parent=True,
            contain=True,
            signal_depth=isolation.SIGNAL_DEPTH if probe.bubblewrap else 0,
            listening=listening,
        )
        return IsolatedProgram(forked, folder, memory_bytes, tell)


def _in_the_open(
    argv: Sequence[str], environment: Mapping[str, str], folder: Path, shared: Mapping[str, Path]
) -> tuple[list[str], dict[str, str]]:
    """Where programs cannot be isolated: every `/opt/ml` becomes the replica's folder."""
    for place, source in shared.items():
        (folder / Path(place).name).symlink_to(source)
    here = str(folder)
    moved = {name: value.replace(isolation.ML_FOLDER, here) for name, value in environment.items()}
    moved |= {"HOME": here, "SAGEMAKER_BASE_DIR": here}
    return [part.replace(isolation.ML_FOLDER, here) for part in argv], moved
