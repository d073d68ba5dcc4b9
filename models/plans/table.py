"""The table of networks: what they are called, where their weights come from, what their pictures must look like.

Plain data, so that a scene can be checked against it at once.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from models.plans import efficientnet_lite, inception_v3, widths

Triple = tuple[float, float, float]


class Input(NamedTuple):
    """What a network's source makes of a picture, RGB in 0..255: (picture - mean) / scale, in BGR where `bgr`."""

    mean: Triple
    scale: Triple = (1, 1, 1)
    bgr: bool = False


HALF: Triple = (127.5, 127.5, 127.5)
INPUTS = {  # by the names that Keras has for the first three
    "torch": Input((0.485 * 255, 0.456 * 255, 0.406 * 255), (0.229 * 255, 0.224 * 255, 0.225 * 255)),
    "caffe": Input((123.68, 116.779, 103.939), bgr=True),
    "tf": Input(HALF, HALF),
    "bvlc": Input((123, 117, 104), bgr=True),
}


@dataclass(frozen=True)
class Download:
    """Where weights are fetched. sha256: the sum or its first digits; without any sum it is pinned on first use."""

    url: str
    size: int  # bytes, about
    sha1: str = ""
    sha256: str = ""
    member: str = ""  # the file inside, where the download is a zip
    member_sha256: str = ""

    @property
    def checked(self) -> str:
        """How its content is known to be right, in words."""
        if self.sha1:
            return "SHA-1"
        if self.sha256:
            return "SHA-256" if len(self.sha256) == 64 else f"the first {len(self.sha256)} digits of SHA-256"
        return "pinned on first use"


@dataclass(frozen=True)
class Entry:
    """One network of the zoo. `layers` maps each activation to its number of channels, in the network's order.

    The network takes RGB in 0..255 minus the mean of its input; loading folds the input's scale and order into the
    first convolution.
    """

    name: str
    module: str  # models.networks.<module> builds it: build(name) -> network
    family: str
    layers: dict[str, int]
    default_layers: tuple[str, ...]  # what a scene dreams that names none
    file: str  # in models/weights/ or the cache, safetensors
    licence: str  # of the weights
    trained_on: str
    classes: int  # 0: without its classifier
    input: Input  # what the source takes
    classifier: str = ""  # the layer of logits, one of each class at every position
    head: str = ""  # the convolution that yields it, where that is called otherwise
    names: str = ""  # of the classes: a file in models/names
    rule: str = ""  # how the source writes its weights: a row of models.files.forms.RULES
    also: tuple[str, ...] = ()  # other forms in which the network is published
    ignored: str = ""  # pattern of the source's weights that are not used
    sha256: str = ""  # of `file` where it ships with the project
    size: int = 0  # of `file` as shipped, or of the download, bytes
    download: Download | None = None
    own: str = ""  # the file of one's own that this entry was made to fit

    @property
    def mean(self) -> Triple:
        """What the network subtracts, RGB in levels."""
        return self.input.mean

    @property
    def first(self) -> str:
        """The convolution that takes the picture."""
        return next(iter(self.layers)).removesuffix("_pre_relu")

    @property
    def classifies(self) -> str:
        """The convolution that yields the classifier's layer, or nothing."""
        return self.head or self.classifier

    @property
    def features(self) -> int:
        """How many channels the classifier takes: those of the layer before it."""
        return next(n for name, n in reversed(self.layers.items()) if name not in (self.head, self.classifier))

    def with_classes(self, classes: int, own: str) -> "Entry":
        """The network with a classifier of one's own, whose classes have numbers only, or with none (0)."""
        if classes == self.classes:
            return replace(self, own=own)
        ends = (self.head, self.classifier)
        layers = {
            name: classes if name in ends else n for name, n in self.layers.items() if classes or name not in ends
        }
        return replace(
            self,
            layers=layers,
            classes=classes,
            names="",
            classifier=self.classifier if classes else "",
            head=self.head if classes else "",
            own=own,
        )


def _fires(*channels: int) -> dict[str, int]:
    return {f"fire{i}": c for i, c in enumerate(channels, 2)}


IMAGENET = "ImageNet (ILSVRC 2012)"
PYTORCH = "https://download.pytorch.org/models/"
TORCH_LICENCE = "BSD 3-clause (torchvision)"


def _torchvision(name: str, module: str, family: str, digits: str, size: int, **more) -> Entry:
    file = f"{more.pop('file', name)}-{digits}.pth"
    return Entry(
        name=name,
        module=module,
        family=family,
        file=f"{name}.safetensors",
        licence=TORCH_LICENCE,
        trained_on=IMAGENET,
        size=size,
        download=Download(PYTORCH + file, size, sha256=digits),
        **{"classes": 1000, "input": INPUTS["torch"], "classifier": "fc", "names": "imagenet", **more},
    )


def _caffe(name: str, url: str, size: int, classes: int, names: str, sha1: str, licence: str, trained_on: str) -> Entry:
    return Entry(
        name=name,
        module="googlenet",
        family="GoogLeNet",
        layers=widths.googlenet_layers(widths.CAFFE, widths.GOOGLENET, classes),
        default_layers=("inception_4c/output",),
        file=f"{name}.safetensors",
        licence=licence,
        trained_on=trained_on,
        classes=classes,
        input=INPUTS["bvlc"],
        classifier="loss3/classifier",
        names=names,
        rule="caffe",
        also=("torch_of_caffe",),
        ignored=r"loss[12]/",  # the classifiers that helped in training
        size=size,
        download=Download(url, size, sha1=sha1),
    )


def _efficientnet_lite(name: str, default_layers: tuple[str, ...], sha256: str, size: int) -> Entry:
    return Entry(
        name=name,
        module="efficientnet_lite",
        family="EfficientNet-Lite",
        layers=efficientnet_lite.layers(name),
        default_layers=default_layers,
        file=f"{name}.safetensors",
        licence="Apache-2.0 (see models/weights/NOTICE.md)",
        trained_on=IMAGENET,
        classes=1000,
        input=Input((127, 127, 127), (128, 128, 128)),
        classifier="logits",
        names="imagenet",
        rule="torch_efficientnet",
        also=("timm_efficientnet",),
        sha256=sha256,
        size=size,
    )


_ENTRIES = [
    Entry(
        name="squeezenet1_1",
        module="squeezenet",
        family="SqueezeNet",
        layers={"conv1": 64, **_fires(128, 128, 256, 256, 384, 384, 512, 512), "conv10": 1000, "logits": 1000},
        default_layers=("fire7",),
        file="squeezenet1_1.safetensors",
        licence="BSD (see models/weights/NOTICE.md)",
        trained_on=IMAGENET,
        classes=1000,
        input=INPUTS["caffe"],
        classifier="logits",
        head="conv10",
        names="imagenet",
        rule="keras_squeezenet",
        also=("torch_squeezenet", "caffe_squeezenet"),
        sha256="e8214a91bb6fa29bc327a76ee29dd44521ce04e415f82e41dad21e628b3e21b9",
        size=2475816,
    ),
    _efficientnet_lite(
        "efficientnet_lite0",
        ("block10", "block13"),
        "2147f15a4fe27de20d0d13fa5942ccf596f3f3f13a4d0f5d37376abc7301f655",
        9271152,
    ),
    _efficientnet_lite(
        "efficientnet_lite2",
        ("block12", "block16"),
        "311298c388aae69980a9019792fb2737c797a8132d1f3003d394d607b7b5193f",
        12137920,
    ),
    _caffe(
        "googlenet",
        "http://dl.caffe.berkeleyvision.org/bvlc_googlenet.caffemodel",
        size=53533754,
        classes=1000,
        names="imagenet",
        sha1="405fc5acd08a3bb12de8ee5e23a96bec22f08204",
        licence="unrestricted (BVLC)",
        trained_on=IMAGENET,
    ),
    _caffe(
        "googlenet_places365",
        "http://places2.csail.mit.edu/models_places365/googlenet_places365.caffemodel",
        size=50_000_000,
        classes=365,
        names="places365",
        sha1="",
        licence="see places2.csail.mit.edu",
        trained_on="Places365 (buildings, rooms, landscapes)",
    ),
    Entry(
        name="inception5h",
        module="googlenet",
        family="GoogLeNet",
        layers=widths.googlenet_layers(widths.TENSORFLOW, widths.INCEPTION5H, 1008),
        default_layers=("mixed4c",),
        file="inception5h.safetensors",
        licence="Apache-2.0",
        trained_on=IMAGENET,
        classes=1008,
        input=Input((117, 117, 117)),
        classifier="softmax2_pre_activation",
        rule="tensorflow",
        also=("torch_of_tensorflow",),
        ignored=r"(softmax|nn|head)[01](_|$)|.*/",  # training's classifiers, shapes and axes of operations
        size=49937555,
        download=Download(
            "https://storage.googleapis.com/download.tensorflow.org/models/inception5h.zip",
            size=49937555,
            sha256="d13569f6a98159de37e92e9c8ec4dae8f674fbf475f69fe6199b514f756d4364",
            member="tensorflow_inception_graph.pb",
            member_sha256="a39b08b826c9d5a5532ff424c03a3a11a202967544e389aca4b06c2bd8aef63f",
        ),
    ),
    _torchvision(
        "googlenet_tv",
        "googlenet",
        "GoogLeNet",
        "1378be20",
        52147035,
        file="googlenet",
        layers=widths.googlenet_layers(widths.TORCHVISION, widths.GOOGLENET, 1000),
        default_layers=("inception4c",),
        input=INPUTS["tf"],
        rule="torch_units",
        ignored=r"aux[12]\.",
    ),
    *(
        _torchvision(
            name,
            "vgg",
            "VGG",
            digits,
            size,
            layers=widths.vgg_layers(name),
            default_layers=("relu4_3",),
            classes=0,
            classifier="",
            rule="torch_vgg",
            also=("torch_vgg_bn", "caffe_vgg", "torch_of_caffe_vgg", "keras_vgg"),
        )
        for name, digits, size in (("vgg16", "397923af", 553433881), ("vgg19", "dcbb9e9d", 574673361))
    ),
    _torchvision(
        "inception_v3",
        "inception_v3",
        "Inception v3",
        "0cc3c7bd",
        108949747,
        file="inception_v3_google",
        layers=inception_v3.layers(),
        default_layers=("Mixed_5d",),
        input=INPUTS["tf"],
        rule="torch_units",
        also=("keras_inception", "inception_2015"),
        ignored=r"AuxLogits\.",
    ),
    _torchvision(
        "resnet50",
        "resnet",
        "ResNet",
        "0676ba61",
        102530333,
        layers=widths.resnet_layers("resnet50"),
        default_layers=("layer3",),
        rule="torch_resnet",
        also=("torch_resnet_children", "transformers_resnet", "caffe_resnet", "keras_resnet", "keras_resnet_2019"),
    ),
]
NETWORKS = {entry.name: entry for entry in _ENTRIES}
