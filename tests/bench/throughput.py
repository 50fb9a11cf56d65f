"""The measuring itself; see throughput.sh."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time

okibi, folder, runs, blob, text, ember = sys.argv[1:]
okibi, ember, runs = os.path.abspath(okibi), os.path.abspath(ember), int(runs)
os.chdir(folder)


def node(home, *args):
    out = subprocess.run([okibi, "--home", home, "--json", *args], stdin=subprocess.DEVNULL, capture_output=True)
    if out.returncode != 0:
        sys.exit(f"{args}: {out.stdout.decode()}{out.stderr.decode()}")
    return [json.loads(line) for line in out.stdout.splitlines() if line.startswith(b"{")]


def timed(args, shell=False):
    start = time.monotonic()
    child = subprocess.Popen(args, shell=shell, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{args}: {said.decode()}")
    return time.monotonic() - start, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def content(name, size, fill):
    # A model file is the one content of any size that the program takes: the toy model, and bytes behind it.
    path = os.path.join("src", name)
    shutil.copy(ember, path)
    with open(path, "ab") as file:
        while size > 0:
            piece = fill(min(size, 1 << 20))
            file.write(piece)
            size -= len(piece)
    return path


words = " ".join(f"word{number % 4096} of line {number}" for number in range(60_000)).encode()
state = [0]


def prose(size):
    start = state[0] % (len(words) - (1 << 20) - 1)
    state[0] += 7_919
    return words[start : start + size]


os.mkdir("src")
parts = 4
paths = [content(f"blob-{n}", int(blob) * (1 << 20) // parts, os.urandom) for n in range(parts)]
if int(text):
    paths.append(content("text", int(text) * 1_000_000, prose))
node("alice", "circle", "found", "bench", "--as", "alice")
card = subprocess.run([okibi, "--home", "bob", "key", "card"], capture_output=True).stdout.decode().strip()
node("alice", "circle", "admit", card, "--name", "bob", "--yes")
for path in paths:
    node("alice", "model", "add", path, "--name", os.path.basename(path))
    node("alice", "model", "share", os.path.basename(path), "--licence", "CC0-1.0")
identity = subprocess.run(["age-keygen", "-o", "key"], capture_output=True).stderr.decode()
recipient = identity.split()[-1]
shutil.copytree("bob", "bob-before")
figures = {name: [] for name in ("export", "tar|zstd|age", "import", "age|zstd|tar")}
processor = {name: [] for name in figures}
peak = {"export": 0, "import": 0}
for run in range(runs):
    shutil.rmtree("stick", ignore_errors=True)
    os.mkdir("stick")
    for name, args in (
        ("export", [okibi, "--home", "alice", "-q", "export-bundle", "--full", "--to", "bob", "stick"]),
        ("tar|zstd|age", f"tar -C src -cf - . | zstd -q -3 | age -r {recipient} > ref.age && sync ref.age"),
    ):
        seconds, memory, cpu = timed(args, shell=isinstance(args, str))
        figures[name].append(seconds)
        processor[name].append(cpu)
        if name in peak:
            peak[name] = max(peak[name], memory)
    # bob's key opens this bundle only in bob's place: his home is put back as it was.
    shutil.rmtree("bob")
    shutil.copytree("bob-before", "bob")
    for name, args in (
        ("import", [okibi, "--home", "bob", "-q", "import-bundle", "--accept", "stick"]),
        ("age|zstd|tar", "rm -rf out && mkdir out && age -d -i key ref.age | zstd -q -d | tar -C out -xf - && sync -f out"),
    ):
        seconds, memory, cpu = timed(args, shell=isinstance(args, str))
        figures[name].append(seconds)
        processor[name].append(cpu)
        if name in peak:
            peak[name] = max(peak[name], memory)
    shutil.rmtree("out")
    os.remove("ref.age")
median = {name: statistics.median(times) for name, times in figures.items()}
for name, times in figures.items():
    print(f"{name:14} median {median[name]:6.2f} s   " + " ".join(f"{it:.2f}" for it in times), end="")
    print(f"   processor {statistics.median(processor[name]):.2f} s")
print(f"export / tools: {median['tar|zstd|age'] / median['export']:.2f}x, peak {peak['export']:.1f} MiB")
print(f"import / tools: {median['age|zstd|tar'] / median['import']:.2f}x, peak {peak['import']:.1f} MiB")
print("load:", " ".join(map(str, os.getloadavg())))
