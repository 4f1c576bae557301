"""The networks of audits/surrogates in PyTorch, from the same weights, with the same loss, optimizer and batch."""

import torch
from torch import nn
from torch.nn import functional

from arrays import read_arrays

CHECKED_STEPS = 3


class ConvolutionNorm(nn.Sequential):
    """Convolution without bias, then batch norm: `ConvolutionPlan` of layers.ts."""

    def __init__(self, arrays, name, stride):
        kernel = torch.from_numpy(arrays[f"{name}/kernel"]).permute(3, 2, 0, 1)  # HWIO to OIHW
        outputs, inputs, size, _ = kernel.shape
        convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        norm = nn.BatchNorm2d(outputs, eps=1e-5, momentum=0.1)
        with torch.no_grad():
            convolution.weight.copy_(kernel)
            norm.weight.copy_(torch.from_numpy(arrays[f"{name}/scale"]))
            norm.bias.copy_(torch.from_numpy(arrays[f"{name}/offset"]))
        super().__init__(convolution, norm)


class BasicBlock(nn.Module):
    def __init__(self, arrays, name):
        super().__init__()
        enters_stage = f"{name}/shortcut/kernel" in arrays
        stride = 2 if enters_stage else 1
        self.first = ConvolutionNorm(arrays, f"{name}/first", stride)
        self.second = ConvolutionNorm(arrays, f"{name}/second", 1)
        self.shortcut = ConvolutionNorm(arrays, f"{name}/shortcut", stride) if enters_stage else nn.Identity()

    def forward(self, maps):
        residual = self.second(functional.relu(self.first(maps)))
        return functional.relu(residual + self.shortcut(maps))


def layers_of(arrays):
    """Which layers there are is told by the names of the weights."""
    if "stem/kernel" in arrays:
        yield ConvolutionNorm(arrays, "stem", 1)
        yield nn.ReLU()
        blocks = {"/".join(name.split("/")[:2]) for name in arrays if name.startswith("stage")}
        for name in sorted(blocks, key=lambda block: [int(part.lstrip("stageblock")) for part in block.split("/")]):
            yield BasicBlock(arrays, name)
    else:
        at = 1
        while f"convolution{at}/kernel" in arrays:
            yield ConvolutionNorm(arrays, f"convolution{at}", 1 if at == 1 else 2)
            yield nn.ReLU()
            at += 1
    yield nn.AdaptiveAvgPool2d(1)
    yield nn.Flatten()
    if "head/kernel" in arrays:
        inputs, outputs = arrays["head/kernel"].shape
        head = nn.Linear(inputs, outputs)
        with torch.no_grad():
            head.weight.copy_(torch.from_numpy(arrays["head/kernel"]).T)
            head.bias.copy_(torch.from_numpy(arrays["head/bias"]))
        yield head


class Training:
    def __init__(self, message):
        torch.set_num_threads(message["threads"])
        workload = message["workload"]
        arrays = read_arrays(message["folder"])
        self.device = torch.device(message["device"])
        self.network = nn.Sequential(*layers_of(arrays)).to(self.device).train()
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=workload["learningRate"], weight_decay=workload["weightDecay"]
        )
        self.images = torch.from_numpy(arrays["images"])  # NHWC, as the engine's step takes them
        self.targets = torch.from_numpy(arrays["targets"])

    def step(self):
        images = self.images.to(self.device).permute(0, 3, 1, 2).contiguous()
        targets = self.targets.to(self.device)
        self.optimizer.zero_grad(set_to_none=True)
        embedding = self.network((images - 0.5) * 4)
        loss = functional.mse_loss(embedding, targets)
        loss.backward()
        self.optimizer.step()
        # Reading the loss waits for the device; the engine's step returns it too.
        return loss.item()

    def check(self):
        """The loss before each of the first updates."""
        return [self.step() for _ in range(CHECKED_STEPS)]

    def run(self):
        self.step()
        return 1


def open_workload(message):
    return Training(message)
