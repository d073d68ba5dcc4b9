"""What pictures a file's network takes, where its form does not tell: Caffe's numbers under PyTorch's names."""

import numpy as np

from models.plans.table import INPUTS, Input

# A channel of a network that takes pictures of unit deviation answers white noise of that deviation by about 1, and by
# 5 or 10 where a batch norm follows; made for levels, it is 57 times less. The kernel's norm is that answer.
WEAKEST = 0.05
# The first numbers of the first kernel of Caffe's VGG-16, whose ports are called as torchvision's (vgg16-00b39a1b.pth):
# it was trained on levels without having small kernels.
CAFFES_VGG16 = (0.42947057, 0.11727387)


def of_kernel(form: Input, kernel: np.ndarray, taking: str) -> Input:
    """What the source takes: what its form says, unless the user says otherwise, or the first kernel does.

    kernel [h, w, in, out] with a batch norm folded into it, its inputs in the source's order. taking: a row of INPUTS,
    or `auto`.
    """
    if taking != "auto":
        return INPUTS[taking]
    if form.scale == (1, 1, 1):
        return form
    if np.allclose(kernel[0, 0, 0, :2], CAFFES_VGG16, atol=1e-6):
        return INPUTS["caffe"]
    norms = np.sqrt(np.square(kernel).sum((0, 1, 2)))
    flat = not np.ptp(kernel, (0, 1)).any()  # a mean of the window, and no filter: no scale can be read off it
    if flat or np.median(norms) >= WEAKEST:
        return form
    return Input(form.mean, bgr=True)  # which of the usual means it had, half a level apart, cannot be seen
