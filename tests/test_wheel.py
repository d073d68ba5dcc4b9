"""What `pip install .` installs: every module, weight, list of names and mark of types, by setuptools' own account."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import models

ROOT = Path(__file__).parents[1]
LIST = """
import json, sys
from setuptools import Distribution

project = Distribution({"script_name": "setup.py"})
project.parse_config_files()
project.get_command_obj("egg_info").egg_base = sys.argv[1]
build = project.get_command_obj("build_py")
build.build_lib = "."
build.ensure_finalized()
json.dump(build.get_outputs(include_bytecode=False), open(sys.argv[1] + "/list.json", "w"))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> set[str]:
    """The files of a wheel, from its root; nothing is built."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-c", LIST, folder], cwd=ROOT, check=True, capture_output=True)
    return {Path(name).as_posix() for name in json.loads((folder / "list.json").read_text())}


def test_it_holds_every_file_of_both_packages(wheel):
    files = [file for package in ("render", "models") for file in (ROOT / package).rglob("*") if file.is_file()]
    there = {file.relative_to(ROOT).as_posix() for file in files if "__pycache__" not in file.parts}
    assert len(there) > 100
    assert wheel == there


def test_what_no_import_would_miss_is_in_it(wheel):
    shipped = {entry.file for entry in models.NETWORKS.values() if entry.sha256}
    names = {f"{entry.names}.txt" for entry in models.NETWORKS.values() if entry.names}
    assert shipped and names
    assert {f"models/weights/{file}" for file in shipped} | {f"models/names/{file}" for file in names} <= wheel
    assert {f"{package}/py.typed" for package in ("render", "models")} <= wheel
