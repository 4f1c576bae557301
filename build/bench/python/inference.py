"""An ONNX file run by onnxruntime in Python, with the settings of audits/tensor/onnx/session.ts."""

import numpy
import onnxruntime

from arrays import read_arrays


class Inference:
    def __init__(self, message):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = message["threads"]
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        providers = ["CUDAExecutionProvider"] if message["device"] == "cuda" else ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(message["workload"]["file"], options, providers=providers)
        self.output = self.session.get_outputs()[0].name
        self.batch = read_arrays(message["folder"])["batch"]
        self.feeds = {self.session.get_inputs()[0].name: self.batch}

    def check(self):
        """Mean absolute value and first numbers of the embeddings."""
        embeddings = self.session.run([self.output], self.feeds)[0]
        return [float(numpy.abs(embeddings).mean(dtype="float64")), *map(float, embeddings.ravel()[:3])]

    def run(self):
        self.session.run([self.output], self.feeds)
        return len(self.batch)


def open_workload(message):
    return Inference(message)
