"""`make demo`: starts a Clary of its own on a free port, runs `marketing_offer.py` against it, and stops it.

Run by Clary's own Python; the example runs in the Python that has the SageMaker SDK (first argument).
"""

import json
import os
import shlex
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
CLARY = Path(sys.executable).with_name("clary")


def clary(*arguments: str) -> str:
    """Runs the `clary` command and returns what it printed."""
    return subprocess.run([str(CLARY), *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def client_environment(data: Path) -> dict[str, str]:
    """The environment that `eval "$(clary env)"` would give a shell."""
    words = (shlex.split(line)[1] for line in clary("env", "--data", str(data)).splitlines())
    return {**os.environ, **dict(word.split("=", 1) for word in words)}


def main(sdk_python: str, output: Path) -> int:
    """Runs the story; returns the example's exit code."""
    data = output / "data"
    output.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    print(clary("up", "--data", str(data), "--port", "0", "--detach"), end="")
    print(f"started in {time.perf_counter() - started:.2f} s")
    try:
        environment = client_environment(data)
        code = subprocess.run([sdk_python, str(HERE / "marketing_offer.py"), str(output)], env=environment).returncode
        page = ""
        if code == 0:
            page = str(json.loads((output / "result.json").read_text())["page"])
            with urllib.request.urlopen(page) as answer:  # as a colleague's browser would, with no key
                print(f"\nThe page answers without a key: HTTP {answer.status}, {len(answer.read())} bytes.")
    finally:
        print(clary("down", "--data", str(data)), end="")
    if code == 0:
        print(
            f"\nTry next:\n"
            f"  {CLARY} up --data {data} --detach\n"
            f'  eval "$({CLARY} env --data {data})"\n'
            f"  aws s3 ls; aws sagemaker list-training-jobs\n"
            f"  open http://127.0.0.1:4566/_website/{page.split('/_website/')[1]} or {output / 'result.png'}"
        )
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2] if len(sys.argv) > 2 else "demo-output").absolute()))
