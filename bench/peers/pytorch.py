#!/usr/bin/env python3
"""pytorch.py infer|train|bilstm MODE SIDE THREADS SECONDS: PyTorch's speed on what attune bench does.

MODE for infer: eager, optimized (torch.jit.optimize_for_inference); for train: plain, channels_last;
for bilstm: plain. SIDE is ignored by bilstm. Prints what compare.py reads (peer.h)."""

import sys
import time

import torch
from torch import nn

STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
          (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def unit(inputs, outputs, kernel=1, stride=1, groups=1, act=True):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
              nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([nn.ReLU6(inplace=True)] if act else []))


class Block(nn.Module):
    def __init__(self, inputs, expansion, outputs, stride):
        super().__init__()
        mid = inputs * expansion
        self.residual = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(*([unit(inputs, mid)] if expansion > 1 else []),
                                    unit(mid, mid, 3, stride, mid),
                                    unit(mid, outputs, act=False))

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


def mobilenet():
    layers, inputs = [unit(3, 32, 3, 2)], 32
    for expansion, channels, blocks, stride in STAGES:
        for b in range(blocks):
            layers.append(Block(inputs, expansion, channels, 1 if b else stride))
            inputs = channels
    layers += [unit(inputs, 1280), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000)]
    return nn.Sequential(*layers)


def infer(mode, side):
    model, x = mobilenet().eval(), torch.randn(1, 3, side, side)
    if mode == "optimized":
        model = torch.jit.optimize_for_inference(torch.jit.script(model))

    def run():
        with torch.no_grad():
            model(x)
    return run, 1


def train(mode, side):
    batch = 32
    model, x = mobilenet().train(), torch.randn(batch, 3, side, side)
    if mode == "channels_last":
        model = model.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    label = torch.arange(batch) * 37 % 1000
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)
    loss = nn.CrossEntropyLoss()

    def run():
        optimiser.zero_grad(set_to_none=True)
        loss(model(x), label).backward()
        optimiser.step()
    return run, batch


def bilstm(_mode, _side):
    steps, batch, inputs, units = 300, 32, 64, 128
    model = nn.LSTM(inputs, units, num_layers=2, bidirectional=True)
    x = torch.randn(steps, batch, inputs, requires_grad=True)

    def run():
        model.zero_grad(set_to_none=True)
        x.grad = None
        y, _ = model(x)
        y.square().mean().backward()
    return run, 1


def main():
    what, mode, side, threads, seconds = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    run, items = {"infer": infer, "train": train, "bilstm": bilstm}[what](mode, int(side))
    for _ in range(3 if what == "infer" else 2):
        run()
    wall, cpu, end = [], [], time.perf_counter() + float(seconds)
    while not wall or time.perf_counter() < end:
        c, w = time.process_time(), time.perf_counter()
        run()
        wall.append(1e3 * (time.perf_counter() - w) / items)
        cpu.append(1e3 * (time.process_time() - c) / items)
    wall.sort()
    cpu.sort()
    print(f"median {wall[len(wall) // 2]:.6f} best {wall[0]:.6f} cpu {cpu[len(cpu) // 2]:.6f} "
          f"runs {len(wall)}")


if __name__ == "__main__":
    main()
