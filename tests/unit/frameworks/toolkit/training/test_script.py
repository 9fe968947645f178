from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from clary.frameworks.toolkit import TOOLKIT
from tests.unit.frameworks.toolkit.training.job import Folder, told

PRINT_ARGUMENTS = "import json, sys\nprint(json.dumps(sys.argv[1:]))\n"
PRINT_VARIABLES = "import json, os\nprint(json.dumps(dict(os.environ)))\n"


@pytest.mark.parametrize(
    ("hyperparameters", "arguments"),
    [
        ({"epochs": 3, "lr": 0.1}, ["--epochs", "3", "--lr", "0.1"]),
        ({"n": "a b", "max-depth": 2}, ["--max-depth", "2", "-n", "a b"]),
        ({"flag": True, "off": False, "none": None}, ["--flag", "True", "--none", "", "--off", "False"]),
        ({"list": [1, 2], "map": {"b": 1, "a": 2}}, ["--list", "[1, 2]", "--map", "a=2,b=1"]),
        ({"quoted": 'say "hi" $HOME;'}, ["--quoted", 'say "hi" $HOME;']),
        ({"sagemaker_region": "us-east-1", "_tuning_objective_metric": "loss"}, []),
    ],
)
def test_hyperparameters_become_arguments(
    tmp_path: Path, hyperparameters: dict[str, Any], arguments: list[str]
) -> None:
    folder = Folder(tmp_path, {"train.py": PRINT_ARGUMENTS}, **hyperparameters)
    assert told(folder.run()) == arguments


def test_values_that_are_no_json_are_text(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"train.py": PRINT_ARGUMENTS})
    source = {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://b/sourcedir.tar.gz"}
    folder.write("hyperparameters", {**source, "name": "plain text"})
    assert told(folder.run()) == ["--name", "plain text"]


def test_the_variables_are_those_of_sagemakers_toolkit(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"train.py": PRINT_VARIABLES}, epochs=3, names=["a"])
    found = told(folder.run(TRAINING_JOB_NAME="job"))
    assert found["SM_MODEL_DIR"] == str(tmp_path / "model")
    assert found["SM_OUTPUT_DATA_DIR"] == str(tmp_path / "output/data")
    assert found["SM_CHANNEL_TRAIN"] == str(tmp_path / "input/data/train")
    assert found["SM_CHANNELS"] == '["train"]'
    assert found["SM_HOSTS"] == '["algo-1"]'
    assert found["SM_CURRENT_HOST"] == "algo-1"
    assert found["SM_HPS"] == '{"epochs":3,"names":["a"]}'
    assert (found["SM_HP_EPOCHS"], found["SM_HP_NAMES"]) == ("3", '["a"]')
    assert found["SM_USER_ENTRY_POINT"] == "train.py"
    assert found["SM_MODULE_DIR"] == "s3://bucket/job/sourcedir.tar.gz"
    assert found["SM_NUM_CPUS"] == str(len(os.sched_getaffinity(0)))
    assert json.loads(found["SM_USER_ARGS"]) == ["--epochs", "3", "--names", "['a']"]
    assert json.loads(found["SM_TRAINING_ENV"])["hyperparameters"] == {"epochs": 3, "names": ["a"]}
    assert found["MASTER_ADDR"] == "127.0.0.1"


def test_a_script_runs_as_main_in_its_own_folder_and_imports_what_lies_beside_it(tmp_path: Path) -> None:
    script = """
import json, os, pickle, sys
import beside
class Mine: pass
pickle.loads(pickle.dumps(Mine()))
names = sorted(set(globals()) & {"main", "sys"})
print(json.dumps([__name__, __file__, os.getcwd(), sys.path[0], beside.VALUE, names]))
"""
    folder = Folder(tmp_path, {"src/train.py": script, "src/beside.py": "VALUE = 7"}, "src/train.py")
    code = str(tmp_path / "code")
    assert told(folder.run()) == ["__main__", f"{code}/src/train.py", code, f"{code}/src", 7, ["sys"]]


def test_an_exception_is_told_with_its_traceback_and_nothing_of_the_toolkit(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"train.py": "def f():\n    raise ValueError('bad \\u00e9')\n\nf()\n"}, depth=2)
    done = folder.run()
    assert done.returncode == 1
    assert folder.failure.startswith('ExecuteUserScriptError:\nExitCode 1\nErrorMessage "Traceback')
    assert folder.failure.endswith(f'ValueError: bad é\n"\nCommand "{sys.executable} train.py --depth 2"')
    assert "clary_toolkit" not in folder.failure + done.stderr
    assert done.stderr.count("ValueError: bad é") == 1


@pytest.mark.parametrize(
    ("script", "code", "message"),
    [
        ("import sys; sys.exit(3)", 3, "sys.exit(3)"),
        ("import sys; sys.exit('no data')", 1, "no data"),
        ("import sys; sys.exit(256)", 1, "sys.exit(256)"),
        ("x = (", 1, "SyntaxError"),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt"),
    ],
)
def test_a_script_that_fails_ends_with_its_code(tmp_path: Path, script: str, code: int, message: str) -> None:
    folder = Folder(tmp_path, {"train.py": script})
    assert folder.run().returncode == code
    assert message in folder.failure


def test_a_failure_file_of_the_scripts_own_is_left_alone(tmp_path: Path) -> None:
    script = "import os, sys\nopen(os.environ['SM_OUTPUT_DIR'] + '/failure', 'w').write('mine')\nsys.exit(2)"
    folder = Folder(tmp_path, {"train.py": script})
    assert folder.run().returncode == 2
    assert folder.failure == "mine"


def test_the_end_of_a_forked_child_is_not_the_end_of_the_script(tmp_path: Path) -> None:
    script = "import os\nif os.fork() == 0:\n    raise ValueError('child')\nos.wait()\nprint('[1]')\n"
    folder = Folder(tmp_path, {"train.py": script})
    assert told(folder.run()) == [1]
    assert not (tmp_path / "output/failure").exists()


def test_a_shell_script_gets_the_arguments_and_its_words_are_kept(tmp_path: Path) -> None:
    script = 'printf "%s|" "$@"; echo; echo "$SM_HP_NAME"; echo "it broke" >&2; exit 7\n'
    folder = Folder(tmp_path, {"run.sh": script}, "run.sh", name='a "b" $c')
    done = folder.run()
    assert done.returncode == 7
    assert done.stdout.splitlines()[:2] == ['--name|a "b" $c|', 'a "b" $c']
    assert folder.failure.startswith('ExecuteUserScriptError:\nExitCode 7\nErrorMessage "it broke\n"')


def test_a_shell_script_hears_the_order_to_end(tmp_path: Path) -> None:
    script = 'trap "echo ended; exit 0" TERM\necho ready\nwhile true; do sleep 0.05; done\n'
    Folder(tmp_path, {"run.sh": script}, "run.sh")
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(tmp_path)}
    command = [sys.executable, str(TOOLKIT / "train_program.py")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30)[0] == "ended\n"
        assert process.returncode == 0


@pytest.mark.parametrize(
    ("files", "program", "message"),
    [
        ({"other.py": ""}, "train.py", "the entry point train.py is not in the source, which holds: other.py"),
        ({"train.py": ""}, "../x.py", "lies outside of the source"),
        ({"train.py": ""}, "", "the job names no script"),
    ],
)
def test_an_entry_point_that_is_not_there_is_told(
    tmp_path: Path, files: dict[str, str], program: str, message: str
) -> None:
    folder = Folder(tmp_path, files, program)
    assert folder.run().returncode == 1
    assert message in folder.failure
    assert folder.failure.startswith("ClientError:")


def _link(name: str, target: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    return entry


@pytest.mark.parametrize("entry", [tarfile.TarInfo("../evil"), tarfile.TarInfo("/evil"), _link("l", "/etc/passwd")])
def test_an_archive_that_reaches_out_of_its_folder_is_refused(tmp_path: Path, entry: tarfile.TarInfo) -> None:
    folder = Folder(tmp_path, {})
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        packed.addfile(entry)
    (tmp_path / "input/source/sourcedir.tar.gz").write_bytes(archive.getvalue())
    assert folder.run().returncode == 1
    assert "may not be unpacked" in folder.failure or "is not in the source" in folder.failure
    assert not (tmp_path / "evil").exists()


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {})
    (tmp_path / "input/source/sourcedir.tar.gz").write_bytes(b"not gzip")
    assert folder.run().returncode == 1
    assert "is not a readable tar.gz archive" in folder.failure
