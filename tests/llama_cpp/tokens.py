#!/usr/bin/env python3
"""Compares how okibi and llama.cpp cut text, on vocabularies made for that.

For each cutting scheme (`tokenizer.ggml.pre`) a small vocabulary is trained on the very texts of the comparison, without
cutting them first: its merges reach over the borders of words, so that nearly every difference in cutting becomes
a difference in tokens. SentencePiece vocabularies follow, with and without the space in front, and Phi 3's.

    pip install gguf
    CMAKE_ARGS=-DGGML_NATIVE=ON pip install --no-binary llama-cpp-python llama-cpp-python
    cargo build --release --example peer
    tests/llama_cpp/tokens.py

Prints one line per vocabulary. Two schemes differ on purpose: llama.cpp takes white space beyond ASCII out of the ranges of
characters that `deepseek-llm` and `deepseek-coder` name, and the models' own tokenizers do not. In SentencePiece
vocabularies llama.cpp makes control and byte tokens of text that looks like them (`</s>`, `<0x41>`); okibi and
SentencePiece itself do not, so such texts are left out.
"""
import ctypes
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter

import gguf

PEER = os.path.join(os.path.dirname(__file__), "../../target/release/examples/peer")
SCHEMES = """gpt-2 phi-2 mpt olmo jais exaone4 llama-bpe falcon3 pixtral lfm2 glm4 dbrx smaug-bpe chatglm-bpe qwen2 stablelm2
hunyuan megrez qwen35 deepseek-llm deepseek-coder deepseek-v3 falcon starcoder refact command-r smollm codeshell exaone
minerva-7b tekken gpt-4o default bailingmoe seed-coder minicpm5 poro-chat bloom gpt3-finnish viking""".split()
POOLS = [
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ", "0123456789", " \t\n\r ", " ", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "\u3000\u00a0\u0085\u200b\u2028\u2003\x0b\x0c\x1c\ufeff", "一二三熾火中文字龥㐀", "あいうえおアイウー゠ヿ",
    "한국어ㄱㅎᄀ가힣", "éàüñçßøœǅǆÅΩΣσςЖжљǲ", "\u0301\u0308\u093f\u0e31\u20dd\u0951", "नमस्तेไทยภาษาעבריתعربي",
    "𝐀𝐁𝒞𝟘𝟙", ["😀", "👩\u200d💻", "🏽", "❤️"], "ⅠⅡⅳ½¼²³①⑩٠١२३", "€£¥₿©®™→∀≤÷×¬", "«»‘’“”…—–、。！？：；（）【】～", "ªºʰʲˑƻǀǃ",
    ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'RE", "'LL", "'ſ"], "\x01\x7f\u00ad\u061c\ue000\u0378\U000e0041\uffff",
    ["\n\n", " \n", "\r\n", "   ", "\t\t", "/", "//"],
]


def texts(count, rng):
    out = ["", " ", "\n", "Hello, world! It's 3.14 o'clock.", "    def f(x):\n        return x\n\n\n"]
    while len(out) < count:
        pools = rng.sample(POOLS, rng.randint(1, 4))
        out.append("".join(rng.choice(rng.choice(pools)) for _ in range(rng.randint(1, 60))))
    return out


def join(sequence, a, b):
    out, at = [], 0
    while at < len(sequence):
        pair = sequence[at:at + 2] == [a, b]
        out.append(a + b if pair else sequence[at])
        at += 2 if pair else 1
    return out


def train(sequences, count):
    """Pairs to join, the most frequent first."""
    merges, known = [], {symbol for sequence in sequences for symbol in sequence}
    while len(merges) < count:
        pairs = Counter()
        for sequence in sequences:
            pairs.update(zip(sequence, sequence[1:]))
        fresh = [(a, b) for (a, b), n in pairs.most_common(60) if n > 1 and a + b not in known]
        if not fresh:
            break
        for a, b in fresh:
            known.add(a + b)
            merges.append((a, b))
            sequences = [join(sequence, a, b) for sequence in sequences]
    return list(dict.fromkeys(merges))


def printable():
    """GPT-2's character for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = iter(range(256, 512))
    return [chr(byte if byte in plain else next(rest)) for byte in range(256)]


def head(path, name, model, pre):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_context_length(64)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_feed_forward_length(32)
    writer.add_head_count(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pre)
    return writer


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def bpe(path, pre, merges):
    bytes_ = printable()
    tokens = bytes_ + list(dict.fromkeys(a + b for a, b in merges))
    added = [" " * n for n in range(2, 9)] + ["<h1>"] if pre == "mpt" else []
    writer = head(path, pre, "gpt2", pre)
    writer.add_token_list(tokens + ["<|endoftext|>"] + added)
    writer.add_token_types([1] * len(tokens) + [3] + [4] * len(added))
    writer.add_token_merges([f"{a} {b}" for a, b in merges])
    writer.add_bos_token_id(len(tokens))
    writer.add_eos_token_id(len(tokens))
    writer.add_add_bos_token(False)
    finish(writer)


def spm(path, name, merges, characters, prefix, controls, added):
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + controls + added
    types = [2, 3, 3] + [6] * 256 + [3] * len(controls) + [4] * len(added)
    scores = [0.0] * len(tokens)
    for at, piece in enumerate(dict.fromkeys([a + b for a, b in merges] + characters)):
        if piece not in tokens and "\0" not in piece:
            tokens.append(piece)
            types.append(1)
            # Scores with ties.
            scores.append(float(-(at // 7)))
    writer = head(path, name, "llama", "default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(prefix)
    finish(writer)


def compare(c, path, cases, special):
    params = c.llama_model_default_params()
    params.vocab_only = True
    model = c.llama_model_load_from_file(path.encode(), params)
    if not model:
        return print(f"{os.path.basename(path):24} llama.cpp refuses it")
    vocab = c.llama_model_get_vocab(model)
    buffer = (c.llama_token * 4096)()
    expected = []
    for case in cases:
        text = case.encode()
        count = c.llama_tokenize(vocab, text, len(text), buffer, len(buffer), False, special)
        expected.append(list(buffer[:count]))
    c.llama_model_free(model)
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    command = [PEER, "tokens", path] + (["--special"] if special else [])
    done = subprocess.run(command, input=lines, capture_output=True, text=True)
    found = [json.loads(line) for line in done.stdout.splitlines()] if done.returncode == 0 else []
    same = sum(a == b for a, b in zip(expected, found))
    print(f"{os.path.basename(path):24} {same} of {len(cases)} {done.stderr[:100]}", flush=True)
    for case, a, b in zip(cases, expected, found):
        if a != b:
            print(f"    {ascii(case)[:120]}\n      {a[:20]}\n      {b[:20]}")
            break


def main():
    import llama_cpp as c
    silent = c.llama_log_callback(lambda *_: None)
    c.llama_log_set(silent, None)
    c.llama_backend_init()
    rng = random.Random(7)
    cases = texts(4000, rng)
    chars = printable()
    bytes_ = [[chars[byte] for byte in case.encode()] for case in cases[:1200]]
    merges = train(bytes_, 1500)
    pieces = [list(("▁" + case).replace(" ", "▁")) for case in cases[:1200]]
    joined = train(pieces, 1500)
    characters = sorted({character for piece in pieces[:600] for character in piece if ord(character) > 31})
    special = ["<|user|>\nhi<|end|>\n <|assistant|> \n x", "<|user|>   x", "x<|end|>\t\ty", "a<h1>b  c   d", "\n\n x"]
    with tempfile.TemporaryDirectory() as folder:
        for pre in sys.argv[1:] or SCHEMES:
            path = os.path.join(folder, pre)
            bpe(path, pre, merges)
            compare(c, path, cases, False)
        if sys.argv[1:]:
            return
        for name, prefix, controls, added in [
            ("sentencepiece", True, [], []),
            ("sentencepiece-gemma", False, [], ["▁▁", "▁▁▁", "\n\n", "\n", "<h1>"]),
            ("sentencepiece-phi-3", True, ["<|endoftext|>", "<|user|>", "<|end|>", "<|assistant|>"], ["<h1>"]),
        ]:
            path = os.path.join(folder, name)
            spm(path, name, joined, characters, prefix, controls, added)
            compare(c, path, cases + special, True)


if __name__ == "__main__":
    main()
