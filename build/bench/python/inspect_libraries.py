"""Prints which reference libraries this Python has and what they can compute on, as JSON."""

import json

from versions import versions


def training_devices():
    try:
        import torch
    except ImportError:
        return ["cpu"]
    accelerators = [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())]
    return ["cpu", *(name for name, is_there in accelerators if is_there)]


def inference_devices():
    try:
        import onnxruntime
    except ImportError:
        return ["cpu"]
    return ["cpu", "cuda"] if "CUDAExecutionProvider" in onnxruntime.get_available_providers() else ["cpu"]


if __name__ == "__main__":
    devices = {"training": training_devices(), "inference": inference_devices(), "linear-algebra": ["cpu"]}
    print(json.dumps({"versions": versions(), "devices": devices}))
