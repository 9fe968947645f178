"""The hosts of a job: what each kind of job finds in its folder, and what runs there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clary.compute.contract import JobSpec
from clary.compute.folder import JobFolder, host_names, lay_out
from clary.compute.jobs.channel_files import DataError, Source
from clary.compute.jobs.host_run import HostRun
from clary.compute.jobs.processing import exit_message, lay_out_processing
from clary.compute.transform.run import MakeLauncher, TransformRun
from clary.compute.transform.staging import stage
from clary.storage.data_access import DataAccess

Host = HostRun | TransformRun


class JobHosts:
    """Lays out the hosts of one job and makes what runs on them.

    Args:
        folder: the job's.
        roots: the `/opt/ml` of each host.
        launcher: makes what starts the replicas of a batch transform.
    """

    def __init__(
        self, spec: JobSpec, folder: JobFolder, roots: Sequence[Path], data: DataAccess, launcher: MakeLauncher | None
    ) -> None:
        self._spec = spec
        self._folder = folder
        self._roots = roots
        self._data = data
        self._launcher = launcher
        self._shares: list[list[Source]] = []  # of a batch transform: each host's objects

    def lay_out(self) -> None:
        """Makes each host's folder; a batch transform is staged whole.

        Raises:
            DataError: what a batch transform needs cannot be had.
        """
        spec = self._spec
        if spec.transform is not None:
            self._shares = stage(self._data, spec.transform, self._roots)
            return
        make = lay_out_processing if spec.processing else lay_out
        for host, root in zip(host_names(spec.hosts), self._roots, strict=True):
            make(root, spec, host)

    def host(self, spec: JobSpec, number: int, epoch: int, hidden: Sequence[str] = ()) -> Host:
        """What runs on a host, not started yet.

        Args:
            spec: the job, ready to be started.
            number: of the host, from 0.
            epoch: the second it starts, for the names of its log streams.
            hidden: words that its log must not show.
        """
        name, root = host_names(spec.hosts)[number], self._roots[number]
        if spec.transform is None:
            return HostRun(spec, name, root, self._folder.log_pipe(name), f"{spec.name}/{name}-{epoch}", hidden)
        assert self._launcher is not None
        share = self._shares[number]
        return TransformRun(
            spec, spec.transform, name, root, share, launcher=self._launcher, data=self._data, epoch=epoch
        )

    def message(self) -> tuple[str, str]:
        """What the programs left to be told of them, and why it cannot be told where that is so."""
        if not self._spec.processing:
            return "", ""
        try:
            return exit_message(self._roots), ""
        except DataError as error:
            return "", f"ClientError: {error}"
