#!/usr/bin/env python3
"""How far okibi's and llama.cpp's logits are from the exact ones, for one model file in several types.

The exact logits come from a plain forward pass in numpy: weights unpacked by the `gguf` package, everything in
double precision (`--single`: in single precision, for long inputs). What is compared is the relative distance
|a - b| / |b| over all logits of the last positions; the first of them follows one pass over the input, the others
single tokens.

    pip install numpy gguf
    CMAKE_ARGS=-DGGML_NATIVE=ON pip install --no-binary llama-cpp-python llama-cpp-python
    cargo build --release --example peer
    tests/llama_cpp/compare.py random-f16.gguf --types Q8_0,Q4_K_M

FILE is an F16 or F32 model of the llama or qwen2 architecture; llama.cpp's own quantizer makes the other types from
it, in a folder for temporary files (a gigabyte or two for a model of a billion parameters). Besides this: with
`--speed` both engines run a prompt and an answer in turns, five times, and tokens per second of the whole process's
CPU time and peak memory are printed (medians).
"""
import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile

import gguf
import numpy as np

PEER = os.path.join(os.path.dirname(__file__), "../../target/release/examples/peer")
FTYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K_S": 11,
          "Q3_K_M": 12, "Q3_K_L": 13, "Q4_K_S": 14, "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18,
          "IQ4_NL": 25, "BF16": 32}


class Exact:
    """A plain forward pass."""

    def __init__(self, path, number):
        self.reader = gguf.GGUFReader(path)
        self.tensors = {tensor.name: tensor for tensor in self.reader.tensors}
        self.number = number
        self.arch = self.field("general.architecture")

    def field(self, key, default=None):
        field = self.reader.get_field(key)
        return default if field is None else field.contents()

    def key(self, name, default=None):
        return self.field(f"{self.arch}.{name}", default)

    def get(self, name):
        tensor = self.tensors.get(name)
        if tensor is None:
            return None
        return gguf.dequantize(tensor.data, tensor.tensor_type).astype(self.number)

    def rows(self, name, rows):
        tensor = self.tensors[name]
        return gguf.dequantize(tensor.data[rows], tensor.tensor_type).astype(self.number)

    def linear(self, name, x):
        out = x @ self.get(name + ".weight").T
        bias = self.get(name + ".bias")
        return out if bias is None else out + bias

    def norm(self, name, x):
        eps = self.key("attention.layer_norm_rms_epsilon")
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * self.get(name + ".weight")

    def logits(self, tokens, last):
        heads = self.key("attention.head_count")
        kv_heads = self.key("attention.head_count_kv", heads)
        n = self.key("attention.key_length", self.key("embedding_length") // heads)
        base = self.key("rope.freq_base", 10000.0)
        positions = np.arange(len(tokens), dtype=np.float64)
        frequencies = base ** (-2.0 * np.arange(n // 2) / n)
        factors = self.tensors.get("rope_freqs.weight")
        if factors is not None:
            frequencies = frequencies / factors.data.astype(np.float64)
        angles = np.outer(positions, frequencies)
        cos, sin = (f(angles).astype(self.number)[:, None, :] for f in (np.cos, np.sin))

        def rotate(x):
            pairs = (x[..., 0::2], x[..., 1::2]) if self.arch == "llama" else (x[..., : n // 2], x[..., n // 2:])
            a, b = pairs[0] * cos - pairs[1] * sin, pairs[0] * sin + pairs[1] * cos
            if self.arch == "llama":
                return np.stack((a, b), -1).reshape(x.shape)
            return np.concatenate((a, b), -1)

        x = self.rows("token_embd.weight", np.array(tokens))
        for layer in range(self.key("block_count")):
            name = lambda part: f"blk.{layer}.{part}"
            normed = self.norm(name("attn_norm"), x)
            q = rotate(self.linear(name("attn_q"), normed).reshape(-1, heads, n))
            k = rotate(self.linear(name("attn_k"), normed).reshape(-1, kv_heads, n))
            v = self.linear(name("attn_v"), normed).reshape(-1, kv_heads, n)
            mixed = np.empty_like(q)
            for head in range(heads):
                at = head // (heads // kv_heads)
                for first in range(0, len(tokens), 512):
                    rows = slice(first, min(first + 512, len(tokens)))
                    scores = q[rows, head] @ k[: rows.stop, at].T / np.sqrt(self.number(n))
                    hidden = np.arange(rows.stop)[None, :] > np.arange(rows.start, rows.stop)[:, None]
                    scores[hidden] = -np.inf
                    weights = np.exp(scores - scores.max(-1, keepdims=True))
                    mixed[rows, head] = weights @ v[: rows.stop, at] / weights.sum(-1, keepdims=True)
            x = x + self.linear(name("attn_output"), mixed.reshape(len(tokens), -1))
            normed = self.norm(name("ffn_norm"), x)
            gate, up = self.linear(name("ffn_gate"), normed), self.linear(name("ffn_up"), normed)
            x = x + self.linear(name("ffn_down"), gate / (1 + np.exp(-gate)) * up)
        x = self.norm("output_norm", x[-last:])
        head = "output.weight" if "output.weight" in self.tensors else "token_embd.weight"
        size = self.tensors[head].data.shape[0]
        parts = [x @ self.rows(head, slice(at, at + 8192)).T for at in range(0, size, 8192)]
        return np.concatenate(parts, -1)


class LlamaCpp:
    """llama.cpp by its C interface."""

    def __init__(self):
        import llama_cpp
        self.c = llama_cpp
        self.silent = llama_cpp.llama_log_callback(lambda *_: None)
        llama_cpp.llama_log_set(self.silent, None)
        llama_cpp.llama_backend_init()

    def quantize(self, source, out, kind, threads):
        params = self.c.llama_model_quantize_default_params()
        params.ftype, params.nthread = FTYPES[kind], threads
        if self.c.llama_model_quantize(source.encode(), out.encode(), ctypes.byref(params)):
            sys.exit(f"llama.cpp cannot make {kind} of {source}")

    def open(self, path, context, threads, repack=True):
        params = self.c.llama_model_default_params()
        params.use_extra_bufts = repack
        model = self.c.llama_model_load_from_file(path.encode(), params)
        params = self.c.llama_context_default_params()
        params.n_ctx, params.n_batch = context, context
        params.n_threads = params.n_threads_batch = threads
        return model, self.c.llama_init_from_model(model, params)

    def run(self, context, tokens):
        array = (self.c.llama_token * len(tokens))(*tokens)
        if self.c.llama_decode(context, self.c.llama_batch_get_one(array, len(tokens))):
            sys.exit("llama.cpp fails")

    def logits(self, path, tokens, last, threads, repack):
        model, context = self.open(path, max(len(tokens), 256), threads, repack)
        size = self.c.llama_vocab_n_tokens(self.c.llama_model_get_vocab(model))
        first, rows = len(tokens) - last + 1, []
        for piece in [tokens[:first]] + [[token] for token in tokens[first:]]:
            self.run(context, piece)
            row = self.c.llama_get_logits_ith(context, -1)
            rows.append(np.ctypeslib.as_array(row, (size,)).astype(np.float64))
        self.c.llama_free(context)
        self.c.llama_model_free(model)
        return np.stack(rows)


def okibi_logits(path, tokens, last, folder, threads):
    out = os.path.join(folder, "logits")
    subprocess.run([PEER, "logits", path, out, str(last)], input=json.dumps(tokens), text=True, check=True,
                   env={**os.environ, "RAYON_NUM_THREADS": str(threads)})
    rows = np.fromfile(out, "<f4").reshape(last, -1).astype(np.float64)
    os.remove(out)
    return rows


def distance(a, b):
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def llama_speed(path, prompt, answer, threads, repack):
    """In a process of its own: what `peer speed` does."""
    peer = LlamaCpp()
    model, context = peer.open(path, max(prompt + answer, 256), threads, repack)
    size = peer.c.llama_vocab_n_tokens(peer.c.llama_model_get_vocab(model))
    token = lambda i: (i * 7919 + 5) % size
    begin = sum(os.times()[:2])
    peer.run(context, [token(i) for i in range(prompt)])
    middle = sum(os.times()[:2])
    for i in range(prompt, prompt + answer):
        peer.run(context, [token(i)])
    end = sum(os.times()[:2])
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(json.dumps({"prefill": prompt / (middle - begin), "decode": answer / (end - middle),
                      "peak_kilobytes": int(peak.split()[1])}))


def speed(path, args):
    engines = {
        "okibi": [PEER, "speed", path, str(args.prompt), str(args.answer)],
        "llama.cpp": [sys.executable, __file__, path, "--llama-speed", "repack"],
        "llama.cpp, repack off": [sys.executable, __file__, path, "--llama-speed", "plain"],
    }
    engines = {name: command + ["--prompt", str(args.prompt), "--answer", str(args.answer), "--threads", str(args.threads)]
               if name != "okibi" else command for name, command in engines.items()}
    env = {**os.environ, "RAYON_NUM_THREADS": str(args.threads)}
    runs = {name: [] for name in engines}
    for _ in range(args.rounds):
        for name, command in engines.items():
            done = subprocess.run(command, capture_output=True, text=True, env=env)
            if done.returncode:
                print(f"{name} ended with {done.returncode}", file=sys.stderr)
                continue
            runs[name].append(json.loads(done.stdout.splitlines()[-1]))
    print(f"load {os.getloadavg()[0]:.1f}; file {os.path.getsize(path) / 1e6:.0f} MB; {args.threads} thread(s)")
    for name, values in runs.items():
        if not values:
            continue
        median = lambda key: statistics.median(value[key] for value in values)
        print(f"| {name} | {median('prefill'):.1f} | {median('decode'):.2f} | {median('peak_kilobytes') / 1e3:.0f} MB |",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--types", default="F16,Q8_0,Q6_K,Q5_K_M,Q4_K_M,Q4_0")
    parser.add_argument("--tokens", type=int, default=48, help="length of the input")
    parser.add_argument("--last", type=int, default=8, help="positions that are compared")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--single", action="store_true", help="the exact pass in single precision")
    parser.add_argument("--no-exact", action="store_true", help="only the distance between the two engines")
    parser.add_argument("--repack", action="store_true", help="llama.cpp packs weights again at load, as is its default")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--prompt", type=int, default=256)
    parser.add_argument("--answer", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--llama-speed", choices=("repack", "plain"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.llama_speed:
        return llama_speed(args.file, args.prompt, args.answer, args.threads, args.llama_speed == "repack")
    peer = LlamaCpp()
    with tempfile.TemporaryDirectory() as folder:
        for kind in args.types.split(","):
            # A name of its own: the reader's map of the last one may still be alive.
            path = os.path.join(folder, f"{kind}.gguf")
            peer.quantize(args.file, path, kind, args.threads)
            if args.speed:
                print(kind, end=": ")
                speed(path, args)
                os.remove(path)
                continue
            size = Exact(path, np.float64).tensors["token_embd.weight"].data.shape[0]
            tokens = np.random.default_rng(1).integers(3, size - 3, args.tokens).tolist()
            theirs = peer.logits(path, tokens, args.last, args.threads, args.repack)
            ours = okibi_logits(path, tokens, args.last, folder, args.threads)
            if args.no_exact:
                print(f"| {kind} | {distance(ours, theirs):.2e} |", flush=True)
                os.remove(path)
                continue
            exact = Exact(path, np.float32 if args.single else np.float64).logits(tokens, args.last)
            a, b = distance(ours, exact), distance(theirs, exact)
            print(f"| {kind} | {a:.2e} | {b:.2e} | {a / b:.2f} |", flush=True)
            os.remove(path)


if __name__ == "__main__":
    main()
