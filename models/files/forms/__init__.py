"""The forms in which weights are published, one source a file; a network's table entry names those that it comes in.

A layer L (`inception_4c/1x1`) has the weights `L.kernel` [h, w, in, out] and `L.bias` [out] here, the form "ours".
"""

from models.files.forms import caffe, pytorch, tensorflow
from models.files.forms.rule import Rule, Source
from models.plans.table import Input

__all__ = ["RULES", "Rule", "Source"]

OURS = Rule(
    lambda _, layer: Source(f"{layer}.kernel", f"{layer}.bias"),
    outputs_first=False,
    input=lambda entry: Input(entry.mean),
)
RULES = {"ours": OURS, **pytorch.RULES, **caffe.RULES, **tensorflow.RULES}
