"""PyTorch's side of the benchmarks: `python3 pytorch.py WORKLOAD THREADS [cpu|cuda|cuda-tf32]`.

Runs once for each line read from standard input and prints the milliseconds, on a GPU those of one of
ROUNDS runs that follow each other; at the end, the peak resident memory in bytes.
"""
import os
import resource
import sys
import tempfile
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)
torch.set_num_threads(int(sys.argv[2]))
MODE = sys.argv[3] if len(sys.argv) > 3 else "cpu"
ON_GPU = MODE != "cpu"
DEVICE = torch.device("cuda" if ON_GPU else "cpu")
ROUNDS = 20 if ON_GPU else 1
if ON_GPU:
    if not torch.cuda.is_available():
        sys.exit("PyTorch finds no CUDA")
    torch.backends.cuda.matmul.allow_tf32 = MODE == "cuda-tf32"
    torch.backends.cudnn.allow_tf32 = MODE == "cuda-tf32"
    torch.backends.cudnn.benchmark = True


def pool(x):
    return F.max_pool2d(x, 3, 2, ceil_mode=True)


def relu(x):
    return F.relu(x, inplace=True)


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
        y = self.norm(pool(relu(self.conv1(x - 116.0))))
        y = self.norm(pool(relu(self.conv2(y))))
        y = relu(self.conv4(relu(self.conv3(y))))
        y = pool(relu(self.conv5(y)))
        y = F.dropout(relu(self.fc6(y)), 0.5)
        y = F.dropout(relu(self.fc7(y)), 0.5)
        return self.up(self.score(y))[:, :, 18:274, 18:274]


class Fcn8s(nn.Module):
    def __init__(self, classes=21):
        super().__init__()
        widths = [(3, 64), (64, 64)], [(64, 128), (128, 128)], [(128, 256)] + 2 * [(256, 256)], \
            [(256, 512)] + 2 * [(512, 512)], 3 * [(512, 512)]
        self.stages = nn.ModuleList()
        for s, stage in enumerate(widths):
            self.stages.append(nn.ModuleList(
                nn.Conv2d(i, o, 3, padding=100 if s == 0 and n == 0 else 1) for n, (i, o) in enumerate(stage)))
        self.fc6 = nn.Conv2d(512, 4096, 7)
        self.fc7 = nn.Conv2d(4096, 4096, 1)
        self.scores = nn.ModuleList(nn.Conv2d(i, classes, 1) for i in (4096, 512, 256))
        up = lambda k, s: nn.ConvTranspose2d(classes, classes, k, stride=s, groups=classes, bias=False)
        self.ups = nn.ModuleList([up(4, 2), up(4, 2), up(16, 8)])
        for layer in self.ups:
            layer.weight.requires_grad_(False)

    def forward(self, x):
        pooled = []
        for stage in self.stages:
            for conv in stage:
                x = relu(conv(x))
            x = F.max_pool2d(x, 2, 2, ceil_mode=True)
            pooled.append(x)
        x = F.dropout(relu(self.fc6(x)), 0.5)
        x = F.dropout(relu(self.fc7(x)), 0.5)
        y = self.ups[0](self.scores[0](x))
        y = y + self.scores[1](pooled[3])[:, :, 5:5 + y.shape[2], 5:5 + y.shape[3]]
        y = self.ups[1](y)
        y = y + self.scores[2](pooled[2])[:, :, 9:9 + y.shape[2], 9:9 + y.shape[3]]
        return self.ups[2](y)[:, :, 31:287, 31:287]


class AlexNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([
            nn.Conv2d(3, 96, 11, stride=4), nn.Conv2d(96, 256, 5, padding=2, groups=2),
            nn.Conv2d(256, 384, 3, padding=1), nn.Conv2d(384, 384, 3, padding=1, groups=2),
            nn.Conv2d(384, 256, 3, padding=1, groups=2)])
        self.full = nn.ModuleList([nn.Linear(9216, 4096), nn.Linear(4096, 4096), nn.Linear(4096, 1000)])
        self.norm = nn.LocalResponseNorm(5, 1e-4, 0.75, 1.0)

    def forward(self, x):
        for i, conv in enumerate(self.convs):
            x = relu(conv(x))
            if i < 2:
                x = pool(self.norm(x))
        x = torch.flatten(pool(x), 1)
        x = relu(self.full[1](relu(self.full[0](x))))
        return F.softmax(self.full[2](x), 1)


class Fire(nn.Module):
    def __init__(self, inputs, squeeze, expand):
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.small = nn.Conv2d(squeeze, expand, 1)
        self.large = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        x = relu(self.squeeze(x))
        return torch.cat([relu(self.small(x)), relu(self.large(x))], 1)


class Pool(nn.Module):
    def forward(self, x):
        return pool(x)


class SqueezeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 96, 7, stride=2), nn.ReLU(True), Pool(), Fire(96, 16, 64), Fire(128, 16, 64),
            Fire(128, 32, 128), Pool(), Fire(256, 32, 128), Fire(256, 48, 192), Fire(384, 48, 192),
            Fire(384, 64, 256), Pool(), Fire(512, 64, 256), nn.Conv2d(512, 1000, 1), nn.ReLU(True),
            nn.AdaptiveAvgPool2d(1), nn.Softmax(1))

    def forward(self, x):
        return self.layers(x)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 20, 5), nn.Conv2d(20, 50, 5)
        self.ip1, self.ip2 = nn.Linear(800, 500), nn.Linear(500, 10)

    def forward(self, x):
        x = F.max_pool2d(self.conv1(x / 256), 2)
        x = F.max_pool2d(self.conv2(x), 2)
        return self.ip2(relu(self.ip1(torch.flatten(x, 1))))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        conv = lambda i, o: nn.Conv2d(i, o, 3, padding=1)
        self.down = nn.ModuleList([
            nn.ModuleList([conv(1, 8)]), nn.ModuleList([conv(8, 16), conv(16, 16)]),
            nn.ModuleList([conv(16, 32), conv(32, 32)]), nn.ModuleList([conv(32, 64), conv(64, 64)]),
            nn.ModuleList([conv(64, 128), conv(128, 128)])])
        up = lambda i, o: nn.ConvTranspose2d(i, o, 2, stride=2)
        self.up = nn.ModuleList([up(128, 64), up(64, 32), up(32, 16), up(16, 8)])
        self.dec = nn.ModuleList([conv(128, 64), conv(64, 32), conv(32, 16), conv(16, 8)])
        self.score = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        mean = x.mean((2, 3), keepdim=True)
        x = (x - mean) / (x.std((2, 3), unbiased=False, keepdim=True) + 1e-9)
        skips = []
        for i, stage in enumerate(self.down):
            if i > 0:
                x = F.max_pool2d(x, 2)
            for conv in stage:
                x = relu(conv(x))
            skips.append(x)
        for up, conv, skip in zip(self.up, self.dec, skips[-2::-1]):
            x = relu(conv(torch.cat([skip, up(x)], 1)))
        return self.score(x)


def optimizer_of(net):
    params = [p for p in net.parameters() if p.requires_grad]
    options = dict(lr=1e-4, momentum=0.9, weight_decay=5e-4)
    try:
        return torch.optim.SGD(params, fused=True, **options)
    except (TypeError, RuntimeError):
        return torch.optim.SGD(params, foreach=True, **options)


def training(net, image, label):
    net, image, label = net.to(DEVICE), image.to(DEVICE), label.to(DEVICE)
    solver = optimizer_of(net)

    def run():
        solver.zero_grad()
        F.cross_entropy(net(image), label).backward()
        solver.step()

    return run


def inference(net, *shape):
    net = net.to(DEVICE).eval()
    image = torch.rand(*shape, device=DEVICE)

    def run():
        with torch.no_grad():
            net(image)

    return run


def pixels(*shape):
    return torch.rand(*shape) * 255


def update():
    solver = optimizer_of(FcnAlexNet().to(DEVICE))
    for group in solver.param_groups:
        for param in group["params"]:
            param.grad = torch.zeros_like(param)
    return solver.step


def load():
    path = os.path.join(tempfile.mkdtemp(), "model.pt")
    torch.save(FcnAlexNet().state_dict(), path)
    return lambda: torch.load(path)


def save():
    path = os.path.join(tempfile.mkdtemp(), "model.pt")
    state = FcnAlexNet().state_dict()

    def run():
        with open(path, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())

    return run


WORKLOADS = {
    "fcn-alexnet": lambda: training(FcnAlexNet(), pixels(1, 3, 256, 256), torch.randint(0, 21, (1, 256, 256))),
    "fcn-8s": lambda: training(Fcn8s(), pixels(1, 3, 256, 256), torch.randint(0, 21, (1, 256, 256))),
    "alexnet-forward": lambda: inference(AlexNet(), 1, 3, 227, 227),
    "alexnet-forward-16": lambda: inference(AlexNet(), 16, 3, 227, 227),
    "squeezenet-forward": lambda: inference(SqueezeNet(), 1, 3, 227, 227),
    "lenet": lambda: training(LeNet(), pixels(64, 1, 28, 28), torch.randint(0, 10, (64,))),
    "unet-small": lambda: training(UNet(), pixels(4, 1, 256, 256), torch.randint(0, 2, (4, 256, 256))),
    "update": update,
    "load-caffemodel": load,
    "save-caffemodel": save,
}

run = WORKLOADS[sys.argv[1]]()
print("ready", torch.__version__, torch.cuda.get_device_name() if ON_GPU else "", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    for _ in range(ROUNDS):
        run()
    if ON_GPU:
        torch.cuda.synchronize()
    print(1000 * (time.perf_counter() - start) / ROUNDS, flush=True)
print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
