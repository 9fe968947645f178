from __future__ import annotations

import signal
from pathlib import Path

import pytest

from clary.compute.contract import JobSpec, Limits, Program
from clary.compute.failures import failure_reason

SPEC = JobSpec("id", "kind", "1", "r", "job", "arn", "role", Program(entry="a:b"), limits=Limits(memory_bytes=8 << 30))
TRACEBACK = [
    "epoch 1",
    "Traceback (most recent call last):",
    '  File "/opt/ml/input/data/code/train.py", line 7, in <module>',
    "    main()",
    '  File "/opt/ml/input/data/code/train.py", line 4, in main',
    "    raise KeyError('label')",
    "KeyError: 'label'",
]


def write_failure(root: Path, text: str) -> None:
    (root / "output").mkdir()
    (root / "output/failure").write_text(text)


def test_the_exception_its_file_and_line_and_the_last_lines_are_told(tmp_path: Path) -> None:
    reason = failure_reason(SPEC, tmp_path, 1, TRACEBACK)
    assert reason.startswith("AlgorithmError: KeyError: 'label' (train.py, line 4), exit code: 1\n")
    assert reason.endswith("raise KeyError('label')\nKeyError: 'label'")


def test_what_the_reason_says_already_is_not_said_again(tmp_path: Path) -> None:
    write_failure(tmp_path, "ClientError: File a.csv, line 2: 3 columns.")
    lines = ["reading", "ClientError: File a.csv, line 2: 3 columns."]
    assert failure_reason(SPEC, tmp_path, 1, lines) == (
        "ClientError: File a.csv, line 2: 3 columns, exit code: 1\nLast log lines:\nreading"
    )


def test_the_failure_file_comes_first_and_a_traceback_in_it_is_read(tmp_path: Path) -> None:
    write_failure(tmp_path, "\n".join(TRACEBACK))
    reason = failure_reason(SPEC, tmp_path, 1, ["something else", "ValueError: an older one"])
    assert reason.startswith("AlgorithmError: KeyError: 'label' (train.py, line 4), exit code: 1")


def test_a_failure_file_in_the_programs_own_words_is_kept(tmp_path: Path) -> None:
    write_failure(tmp_path, "the label column is empty")
    assert failure_reason(SPEC, tmp_path, 2, []) == "AlgorithmError: the label column is empty, exit code: 2"


@pytest.mark.parametrize("blame", ["ClientError", "AlgorithmError"])
def test_a_failure_file_may_say_whose_fault_it_is(tmp_path: Path, blame: str) -> None:
    write_failure(tmp_path, f"{blame}: Unable to determine the delimiter")
    reason = failure_reason(SPEC, tmp_path, 1, ["a line", f"{blame}: Unable to determine the delimiter"])
    assert reason.startswith(f"{blame}: Unable to determine the delimiter, exit code: 1")


def test_a_failure_file_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the first key")
    (tmp_path / "output").mkdir()
    (tmp_path / "output/failure").symlink_to(tmp_path / "secret")
    assert "first key" not in failure_reason(SPEC, tmp_path, 1, [])


def test_a_signal_is_told_by_name_and_as_the_exit_code_a_shell_would_give(tmp_path: Path) -> None:
    reason = failure_reason(SPEC, tmp_path, -signal.SIGSEGV, [])
    assert "exit code: 139" in reason
    assert "SIGSEGV" in reason


@pytest.mark.parametrize(
    ("code", "lines", "hint"),
    [
        (1, ["MemoryError"], "the job exceeded the memory of ml.m5.large (8 GiB)"),
        (-9, ["Killed: the program's processes hold 9 GiB"], "the job exceeded the memory of ml.m5.large (8 GiB)"),
        (-9, [], "most often because it exceeded the memory of ml.m5.large (8 GiB)"),
        (1, ["ModuleNotFoundError: No module named 'torch'"], "requirements.txt"),
        (1, ["FileNotFoundError: [Errno 2] No such file or directory: 'x'"], "/opt/ml/input/data/CHANNEL"),
        (1, ["OSError: [Errno 30] Read-only file system: '/etc/x'"], "only /opt/ml and /tmp can be written"),
        (1, ["socket.gaierror: [Errno -3] Temporary failure in name resolution"], "EnableNetworkIsolation"),
    ],
)
def test_a_hint_says_what_to_change(tmp_path: Path, code: int, lines: list[str], hint: str) -> None:
    assert hint in failure_reason(SPEC, tmp_path, code, lines)


@pytest.mark.parametrize("length", [10, 1000, 100_000])
def test_a_reason_is_never_longer_than_aws_allows(tmp_path: Path, length: int) -> None:
    write_failure(tmp_path, "x" * length)
    assert len(failure_reason(SPEC, tmp_path, 1, ["y" * 300] * 100)) <= 1024


def test_what_the_training_toolkit_writes_is_told_with_the_place_of_the_error(tmp_path: Path) -> None:
    message = "\n".join(TRACEBACK[1:])
    write_failure(
        tmp_path, f'ExecuteUserScriptError:\nExitCode 1\nErrorMessage "{message}\n"\nCommand "python3 train.py"'
    )
    reason = failure_reason(SPEC, tmp_path, 1, TRACEBACK)
    assert reason.startswith(
        "AlgorithmError: ExecuteUserScriptError: ExitCode 1 ErrorMessage \"KeyError: 'label' (train.py, line 4)\", "
        "exit code: 1\n"
    )


def test_a_message_of_the_toolkit_without_a_traceback_is_told_as_it_is(tmp_path: Path) -> None:
    write_failure(tmp_path, 'InstallRequirementsError:\nExitCode 1\nErrorMessage "nope==1 cannot be installed\n"')
    assert failure_reason(SPEC, tmp_path, 1, []) == (
        'AlgorithmError: InstallRequirementsError: ExitCode 1 ErrorMessage "nope==1 cannot be installed", exit code: 1'
    )


def test_the_users_own_line_is_told_before_a_librarys(tmp_path: Path) -> None:
    lines = [*TRACEBACK[:-2], '  File "/usr/lib/python3.11/pathlib.py", line 1044, in open', "KeyError: 'label'"]
    assert failure_reason(SPEC, tmp_path, 1, lines).startswith("AlgorithmError: KeyError: 'label' (train.py, line 4), ")
