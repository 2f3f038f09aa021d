#!/usr/bin/env python3
"""attune train under mpirun: the same bits from any number of ranks and threads, going on among another number, ranks
that are killed, that fail and that differ from one another, a build that cannot, and two hosts, which are network
namespaces here.

Without Open MPI all but the last word of a build that cannot is skipped.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import built
import mini_corpora

EXE = pathlib.Path(os.environ.get("ATTUNE_EXE", "attune")).resolve()
SOURCE = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
PATIENCE = 200
ENV = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
       "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none"}
RECIPE = {
    "kind": "visual", "name": "faces", "seed": 3, "detector": "start.safetensors", "shards": 6,
    "data": [{"dataset": "ferplus", "train": "train", "valid": "valid", "also": "fer2013"}],
    "epochs": 12, "eval_every": 6, "batch": 24, "sizes": [{"from": 0, "side": 32}],
    "augment": {"flip": 0.5, "light": 0.05}, "mixup": 0.1, "dropout": 0.1, "statistics_batches": 1,
    "optimiser": {"lr": 0.001, "ema": 0.8, "clip": 20}}

LACKING = ("Open MPI is not made for sanitizers; unit_shards has the sums" if built.sanitizers() else
           "no mpirun" if not shutil.which("mpirun") else
           "built without Open MPI" if not (EXE.parent / "mpi/attune-mpi.so").exists() else "")
needs_mpi = unittest.skipIf(LACKING, LACKING)
folder = None


def make(where):
    """faces.json and what it needs."""
    mini_corpora.make_ferplus(where / "ferplus", random.Random(5), 10, 2)
    shutil.copy(SOURCE / "models/default.safetensors", where / "start.safetensors")
    (where / "faces.json").write_text(json.dumps(RECIPE))


def setUpModule():
    global folder
    folder = pathlib.Path(tempfile.mkdtemp(prefix="attune-mpi-"))
    make(folder)


def tearDownModule():
    shutil.rmtree(folder)


def write(file, **changes):
    (folder / f"{file}.json").write_text(json.dumps({**RECIPE, **changes}))


def train(out, *more, recipe="faces", data=".", threads="1"):
    return [str(EXE), "train", f"{recipe}.json", "--data", data, "-o", out, "--threads", threads, *more]


def among(ranks, command):
    return ["mpirun", "-n", str(ranks), *command]


def run(command, env=None):
    return subprocess.run(command, cwd=folder, env=env or ENV, capture_output=True, text=True, timeout=PATIENCE)


def ranks_of(mpirun):
    """Their processes, in order."""
    return sorted(map(int, pathlib.Path(f"/proc/{mpirun.pid}/task/{mpirun.pid}/children").read_text().split()))


def figures(out):
    lines = [json.loads(line) for line in (folder / out / "faces.metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if not k.endswith("_s")} for line in lines]


class Case(unittest.TestCase):
    def done(self, command):
        r = run(command)
        self.assertEqual(r.returncode, 0, r.stderr)
        return r.stderr

    def same(self, out):
        for file in "faces.safetensors", "faces.best.safetensors", "faces.checkpoint.safetensors":
            self.assertEqual((folder / "alone" / file).read_bytes(), (folder / out / file).read_bytes(), file)
        self.assertEqual(figures("alone"), figures(out))
        self.assertEqual(len(figures(out)), 2)

    def alone(self):
        if not (folder / "alone").exists():
            self.done(train("alone", threads="2"))


@needs_mpi
class Ranks(Case):
    def test_the_same_bits(self):
        self.alone()
        told = self.done(among(3, train("of3")))
        self.assertEqual(told.count("epoch 12/12"), 1, told)
        self.assertEqual(told.count("1 threads on each of 3 ranks"), 1, told)
        self.same("of3")

    def test_the_example(self):
        """Which goes on by itself, here from where all is done."""
        self.alone()
        (folder / "of2").mkdir()
        env = {**ENV, "PATH": f"{EXE.parent}:{ENV['PATH']}"}
        for step in 0, 24:
            r = run([SOURCE / "examples/cluster/train.sh", "faces.json", ".", "of2", "-n", "2"], env)
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertIn(f"from step {step},", r.stderr)
            self.same("of2")

    def begin(self, ranks, *more):
        """Of mpirun and what it starts, once the first checkpoint is there or the one before has changed."""
        file = folder / "parts/faces.checkpoint.safetensors"
        before = file.stat().st_mtime_ns if file.exists() else 0
        p = subprocess.Popen(among(ranks, train("parts", *more)), cwd=folder, env=ENV, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + PATIENCE
        while not file.exists() or file.stat().st_mtime_ns == before:
            self.assertIsNone(p.poll(), "it ended too early")
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        return p

    def ended(self, p, within):
        begun = time.monotonic()
        told = p.communicate(timeout=PATIENCE)[1]
        self.assertLess(time.monotonic() - begun, within, told)
        self.assertNotEqual(p.returncode, 0)
        return told

    def test_a_killed_rank_and_other_numbers(self):
        self.alone()
        shutil.rmtree(folder / "parts", ignore_errors=True)
        p = self.begin(2)
        os.kill(ranks_of(p)[1], signal.SIGKILL)
        told = self.ended(p, 20)
        self.assertIn("rank 1 ", told)  # mpirun's word
        p = self.begin(3, "--resume")
        p.send_signal(signal.SIGINT)
        told = self.ended(p, 20)
        self.assertNotIn("MPI_ERR", told)
        self.done(train("parts", "--resume"))
        self.same("parts")

    def test_the_first_rank_killed_and_another_stopped(self):
        """What a rank that is asked to leave does is the first rank's business, too."""
        self.alone()
        shutil.rmtree(folder / "parts", ignore_errors=True)
        for of, sent in (0, signal.SIGKILL), (1, signal.SIGTERM):
            p = self.begin(2, *(["--resume"] if of else []))
            os.kill(ranks_of(p)[of], sent)
            told = self.ended(p, 20)
        self.assertEqual(told.count("attune train: stopped at step "), 1, told)
        self.done(train("parts", "--resume"))
        self.same("parts")

    def refused(self, command, text):
        r = run(command)
        self.assertNotEqual(r.returncode, 0)
        self.assertEqual([line for line in r.stderr.splitlines() if line.startswith("attune")],
                         [f"attune train: {text}"], r.stderr)
        return r

    def test_what_goes_wrong_is_told_once(self):
        write("few", shards=2)
        self.refused(among(3, train("x", recipe="few")),
                     "few.json: shards is 2: no more than as many ranks can learn, and here are 3")
        write("uneven", shards=5)
        self.refused(train("x", recipe="uneven"), "uneven.json: batch must be a multiple of shards")
        self.refused(among(2, train("x", recipe="none")), "none.json: No such file or directory")
        write("other", seed=4)
        self.refused(["mpirun", "-n", "1", *train("x"), ":", "-n", "1", *train("x", recipe="other")],
                     "rank 1 has another recipe, options or data than rank 0")
        r = run(["mpirun", "-n", "1", *train("x"), ":", "-n", "1", *train("x", data="empty")])
        self.assertRegex(r.stderr, "attune train: rank 1: .*(empty|ferplus).*")
        other = folder / "elsewhere/ferplus"  # as many samples, others
        if not other.exists():
            mini_corpora.make_ferplus(other, random.Random(6), 10, 2)
        self.refused(["mpirun", "-n", "1", *train("x"), ":", "-n", "1", *train("x", data="elsewhere")],
                     "rank 1 has another loss of the same samples (so other data or arithmetic) than rank 0")
        self.refused(["mpirun", "-n", "1", "-x", "ATTUNE_ISA=c", *train("x"), ":", "-n", "1", *train("x")],
                     "rank 1 has another instruction set, which $ATTUNE_ISA can make the same, than rank 0")
        self.assertFalse((folder / "x/faces.safetensors").exists())


@needs_mpi
class Hosts(Case):
    """Two, each with a network of its own and a cable between them; what ssh does is `ip netns exec`."""
    NAMES = [f"attune{os.getpid()}{host}" for host in "ab"]
    ADDRESSES = ["10.83.7.1", "10.83.7.2"]

    def ip(self, *words):
        return subprocess.run(["ip", *words], capture_output=True, text=True)

    def setUp(self):
        if not shutil.which("ip"):
            self.skipTest("no ip")
        for name in self.NAMES:
            self.addCleanup(self.ip, "netns", "del", name)
            made = self.ip("netns", "add", name)
            if made.returncode:
                self.skipTest(f"no network namespaces here: {made.stderr.strip()}")
        a, b = self.NAMES
        made = self.ip("link", "add", "eth0", "netns", a, "type", "veth", "peer", "name", "eth0", "netns", b)
        if made.returncode:
            self.skipTest(f"no virtual cable here: {made.stderr.strip()}")
        for name, address in zip(self.NAMES, self.ADDRESSES):
            self.ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            for device in "lo", "eth0":
                self.ip("-n", name, "link", "set", device, "up")
        agent = folder / "agent"
        agent.write_text(f"#!/bin/sh\nshift\nexec {' '.join(self.on(1))} \"$*\"\n")
        agent.chmod(0o755)

    def on(self, host):
        """What runs the words after it, joined to one, by a shell there: a host's name is its own, too."""
        return ["ip", "netns", "exec", self.NAMES[host], "unshare", "--uts", "sh", "-c",
                f"'hostname {self.NAMES[host]}; eval \"$1\"'", "sh"]

    def sent(self):
        told = json.loads(self.ip("-n", self.NAMES[0], "-s", "-j", "link", "show", "eth0").stdout)
        return told[0]["stats64"]["tx"]["bytes"]

    def start(self, *command):
        hosts = ",".join(f"{a}:1" for a in self.ADDRESSES)
        words = ["mpirun", "--mca", "plm_rsh_agent", str(folder / "agent"), "--host", hosts, "-n", "2", *command]
        return subprocess.Popen(" ".join([*self.on(0), f"'exec {' '.join(words)}'"]), shell=True, cwd=folder, env=ENV,
                                stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def test_two_hosts(self):
        self.alone()
        before = self.sent()
        p = self.start(*train("hosts"))
        told = p.communicate(timeout=PATIENCE)[1]
        self.assertEqual(p.returncode, 0, told)
        self.same("hosts")
        self.assertGreater(self.sent() - before, 24 * 1000000, "gradients went another way")

    def test_a_host_that_goes_down(self):
        """All that is on it is killed at once."""
        p = self.start(*train("down"))
        file = folder / "down/faces.checkpoint.safetensors"
        end = time.monotonic() + PATIENCE
        while not file.exists() and time.monotonic() < end and p.poll() is None:
            time.sleep(0.02)
        there = self.ip("netns", "pids", self.NAMES[1]).stdout.split()
        self.assertGreaterEqual(len(there), 2)
        for pid in there:
            os.kill(int(pid), signal.SIGKILL)
        begun = time.monotonic()
        told = p.communicate(timeout=PATIENCE)[1]
        self.assertLess(time.monotonic() - begun, 20, told)
        self.assertNotEqual(p.returncode, 0)
        # mpirun's words, by what it misses first: the host's daemon, who started it, or a rank
        self.assertRegex(told, "lost communication|reliably start|disconnected|exited on signal")
        self.done(train("down", "--resume"))
        self.alone()
        self.same("down")


class Builds(Case):
    def test_a_program_without_the_module_says_so(self):
        """And does not train once a rank into one folder."""
        if pathlib.Path("/usr/local/lib/attune/attune-mpi.so").exists():
            self.skipTest("it is installed")
        lone = folder / "bin/attune"
        lone.parent.mkdir()
        shutil.copy(EXE, lone)
        r = run([str(lone), *train("lone")[1:]], env={**ENV, "OMPI_COMM_WORLD_SIZE": "2"})
        self.assertEqual(r.returncode, 1)
        self.assertEqual(r.stderr, "attune train: started as one of 2 by mpirun, but this build has no attune-mpi.so "
                                   "to train with others\n")
        self.assertFalse((folder / "lone").exists())

    def test_nobody_else_loads_it(self):
        libraries = subprocess.run(["ldd", EXE], capture_output=True, text=True).stdout
        self.assertIn("libc.so", libraries)
        self.assertNotIn("mpi", libraries)


if __name__ == "__main__":
    unittest.main()
