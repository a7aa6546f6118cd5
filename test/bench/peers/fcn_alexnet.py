"""FCN-AlexNet (21 classes) in PyTorch: one training iteration for each line read from standard input.

Prints the milliseconds of each iteration, and the peak resident memory in bytes when the input ends.
"""
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)
torch.set_num_threads(int(sys.argv[1]))


class FcnAlexNet(nn.Module):
    def __init__(self, classes=21):
        super().__init__()
        conv = nn.Conv2d
        self.conv1 = conv(3, 96, 11, stride=4, padding=100)
        self.conv2 = conv(96, 256, 5, padding=2, groups=2)
        self.conv3 = conv(256, 384, 3, padding=1)
        self.conv4 = conv(384, 384, 3, padding=1, groups=2)
        self.conv5 = conv(384, 256, 3, padding=1, groups=2)
        self.fc6 = conv(256, 4096, 6)
        self.fc7 = conv(4096, 4096, 1)
        self.score = conv(4096, classes, 1)
        self.up = nn.ConvTranspose2d(classes, classes, 63, stride=32, groups=classes, bias=False)
        self.norm = nn.LocalResponseNorm(5, 1e-4, 0.75, 1.0)
        self.up.weight.requires_grad_(False)

    def forward(self, x):
        pool = lambda t: F.max_pool2d(t, 3, 2, ceil_mode=True)
        relu = lambda t: F.relu(t, inplace=True)
        y = self.norm(pool(relu(self.conv1(x - 116.0))))
        y = self.norm(pool(relu(self.conv2(y))))
        y = relu(self.conv4(relu(self.conv3(y))))
        y = pool(relu(self.conv5(y)))
        y = F.dropout(relu(self.fc6(y)), 0.5)
        y = F.dropout(relu(self.fc7(y)), 0.5)
        return self.up(self.score(y))[:, :, 18:274, 18:274]


net = FcnAlexNet()
params = [p for p in net.parameters() if p.requires_grad]
try:
    solver = torch.optim.SGD(params, lr=1e-4, momentum=0.9, weight_decay=5e-4, fused=True)
except (TypeError, RuntimeError):
    solver = torch.optim.SGD(params, lr=1e-4, momentum=0.9, weight_decay=5e-4, foreach=True)
image = torch.rand(1, 3, 256, 256) * 255
label = torch.randint(0, 21, (1, 256, 256))

print("ready", torch.__version__, flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    solver.zero_grad()
    F.cross_entropy(net(image), label).backward()
    solver.step()
    print(1000 * (time.perf_counter() - start), flush=True)
print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
