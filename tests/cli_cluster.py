#!/usr/bin/env python3
"""examples/cluster: a study by GNU parallel, by a Slurm of one node that is started for it, and as Kubernetes is told.

Needs ATTUNE_EXE and a model; what an engine lacks is skipped.
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

import built
import cli_mpi
from cli_analyze import EXE, MODEL, SOURCE, Case, needs_model, write_wav
from cli_study import BROKE_OFF, COUNT, Study, limit_files, rows

EXAMPLES = SOURCE / "examples/cluster"
SCHEMA = SOURCE / "tests/kubernetes"
PATIENCE = 240


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def processes_of(folder, told=b"", file="cmdline"):
    """Numbers of those whose command line, or environment, has both in it."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = (process / file).read_bytes()
        except OSError:
            continue
        if told in command and os.fsencode(folder) in command:
            yield int(process.name)


@needs_model
class Cluster(Study):
    def setUp(self):
        super().setUp()
        (self.dir / "bin").mkdir()
        os.symlink(pathlib.Path(EXE).resolve(), self.dir / "bin/attune")
        self.env = {**os.environ, "PATH": f"{self.dir}/bin:{os.environ['PATH']}", "ATTUNE_MODEL": str(MODEL)}
        self.usual()
        self.study("-o", "alone")

    def check(self, folder):
        names = [(r["recording"], r["state"]) for r in rows(self.dir / folder / "recordings.csv")]
        self.assertEqual(names, [(f"s{i}", "done") for i in range(COUNT)])
        # the examples analyse pictures, too, if there are any
        self.assertEqual(self.figures(folder)[0], self.figures("alone")[0])


class Parallel(Cluster):
    @unittest.skipUnless(shutil.which("parallel"), "no GNU parallel")
    def test_shards_side_by_side(self):
        (self.dir / "in/bad.wav").write_text("no sound")
        done = subprocess.run([EXAMPLES / "parallel.sh", "in/m.csv", "out", "3", "--will-cite", "--jobs", "2"],
                              cwd=self.dir, env=self.env, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"{COUNT} recordings: {COUNT} done", done.stdout)
        self.check("out")
        self.manifest(["path", "s0.wav", "bad.wav", "s1.wav"])  # which another try would not make better
        done = subprocess.run([EXAMPLES / "parallel.sh", "in/m.csv", "bad", "2", "--will-cite"], cwd=self.dir,
                              env=self.env, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("it is text"), 1, done.stderr)
        self.assertIn("3 recordings: 2 done, 1 failed, 0 to do", done.stdout)
        (self.dir / "bin/attune").unlink()
        (self.dir / "bin/attune").write_text(f"#!/bin/sh\nexit {BROKE_OFF}\n")
        (self.dir / "bin/attune").chmod(0o755)
        done = subprocess.run([EXAMPLES / "parallel.sh", "in/m.csv", "full", "2", "--will-cite"], cwd=self.dir,
                              env=self.env, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 2, done.stderr)  # so many shards broke off


@unittest.skipUnless(shutil.which("slurmctld") and shutil.which("slurmd") and shutil.which("sbatch"), "no Slurm")
@unittest.skipIf(built.sanitizers(), "which tests Slurm more than the program")
class Slurm(Cluster):
    def setUp(self):
        super().setUp()
        host, port = socket.gethostname().split(".")[0], free_port()
        user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
        for folder in ("state", "spool"):
            (self.dir / folder).mkdir()
        (self.dir / "slurm.conf").write_text(f"""
ClusterName=attune
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/none
CredType=cred/none
AuthInfo=cred_expire=5
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={port}
SlurmdPort={free_port()}
StateSaveLocation={self.dir}/state
SlurmdSpoolDir={self.dir}/spool
SlurmctldPidFile={self.dir}/slurmctld.pid
SlurmdPidFile={self.dir}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
""")
        self.env["SLURM_CONF"] = str(self.dir / "slurm.conf")
        self.control = self.start("slurmctld")
        self.node = self.start("slurmd")
        if not self.comes(lambda: " idle" in self.ask("sinfo", "-h", "-o", " %t"), 30):
            self.skipTest("Slurm does not start here: " + (self.dir / "slurmd.log").read_text()[-300:])

    def start(self, daemon):
        with open(self.dir / f"{daemon}.log", "a") as log:
            p = subprocess.Popen([daemon, "-D", "-f", self.dir / "slurm.conf"], stdout=log, stderr=log, env=self.env)
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        return p

    def ask(self, *command):
        return subprocess.run(command, cwd=self.dir, env=self.env, capture_output=True, text=True, timeout=60).stdout

    def comes(self, what, seconds=PATIENCE):
        until = time.monotonic() + seconds
        while not what():
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True

    def submit(self):
        said = self.ask("sbatch", "--array=1-2", "-o", "task.%a.txt", "--open-mode=append", EXAMPLES / "slurm.sh",
                        self.dir / "in/m.csv", self.dir / "out")
        return re.search(r"Submitted batch job (\d+)", said)[1]

    def wait(self):
        self.assertTrue(self.comes(lambda: not self.ask("squeue", "-h").strip()),
                        (self.dir / "slurmctld.log").read_text()[-3000:])

    def test_an_array(self):
        self.submit()
        self.wait()
        self.run_attune("merge", "out")
        self.check("out")

    @cli_mpi.needs_mpi
    def test_a_job_that_trains(self):
        cli_mpi.make(self.dir)
        self.env.update(cli_mpi.ENV, PATH=self.env["PATH"])
        self.ask("sbatch", "--ntasks=2", "-o", "job.txt", EXAMPLES / "train.sh", "faces.json", ".", "runs")
        self.run_attune("train", "faces.json", "--data", ".", "-o", "by-itself", "--quiet")
        self.wait()
        told = (self.dir / "job.txt").read_text()
        self.assertIn("on each of 2 ranks", told)
        self.assertEqual(*((self.dir / folder / "faces.safetensors").read_bytes() for folder in ("runs", "by-itself")))

    def test_a_node_that_goes_is_waited_for(self):
        write_wav(self.dir / "in/s2.wav", 300)
        shutil.rmtree(self.dir / "alone")
        self.study("-o", "alone")
        self.submit()
        self.assertTrue(self.comes((self.dir / "out/s2/attune-unfinished").exists))
        gone = [process for process in processes_of(self.dir, file="environ") if process != self.control.pid]
        for how in signal.SIGSTOP, signal.SIGKILL:  # so that none tells of another's end
            for process in gone:
                os.kill(process, how)
        self.assertEqual(self.node.wait(), -signal.SIGKILL)
        node = self.ask("sinfo", "-h", "-N", "-o", "%N").strip()
        self.ask("scontrol", "update", f"nodename={node}", "state=down", "reason=gone")
        self.assertTrue(self.comes(lambda: "R" not in self.ask("squeue", "-h", "-o", "%t").split()))
        self.assertTrue(self.ask("squeue", "-h").strip(), "it was not queued again")
        self.start("slurmd")
        self.ask("scontrol", "update", f"nodename={node}", "state=resume")
        self.wait()
        self.run_attune("merge", "out")
        self.check("out")

    def test_a_task_that_is_killed_is_queued_again(self):
        write_wav(self.dir / "in/s2.wav", 300)  # of the first shard, and long enough to be found at it
        shutil.rmtree(self.dir / "alone")
        self.study("-o", "alone")
        self.submit()
        self.assertTrue(self.comes((self.dir / "out/s2/attune-unfinished").exists))
        before = (self.dir / "out/s0/summary.json").stat().st_mtime_ns
        for process in processes_of(self.dir, b"--shard\x001/2"):
            os.kill(process, signal.SIGKILL)
        self.assertTrue(self.comes(lambda: "Killed" in (self.dir / "task.1.txt").read_text()))
        requeued = self.ask("squeue", "-h", "-o", "%r")
        self.assertTrue(requeued.strip(), "it was not queued again")
        self.wait()
        self.run_attune("merge", "out")
        self.check("out")
        self.assertEqual((self.dir / "out/s0/summary.json").stat().st_mtime_ns, before)


class Task(Cluster):
    """The script of one task of an array, with stand-ins for attune and Slurm."""

    def setUp(self):
        super().setUp()
        (self.dir / "bin/scontrol").write_text('#!/bin/sh\necho "$@" >>scontrol.said\n')
        (self.dir / "bin/scontrol").chmod(0o755)
        (self.dir / "bin/attune").unlink()

    def ends(self, code, *more, **env):
        """What the task ends with, of an attune that ends so, and whether it asks to be queued again."""
        (self.dir / "bin/attune").write_text(f'#!/bin/sh\necho "$@"\nexit {code}\n' if code <= 128 else f"#!/bin/sh\nkill -{code - 128} $$\n")
        (self.dir / "bin/attune").chmod(0o755)
        (self.dir / "scontrol.said").unlink(missing_ok=True)
        done = subprocess.run([EXAMPLES / "slurm.sh", "m.csv", "alone", *more], cwd=self.dir, capture_output=True, text=True,
                              env={**self.env, "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "8", **env})
        self.shard = re.findall(r"--shard (\S+)", done.stdout)
        said = self.dir / "scontrol.said"
        return done.returncode, said.exists() and said.read_text() == "requeue 7_5\n"

    def test_what_another_time_may_mend_is_queued_again(self):
        self.assertEqual(self.ends(0), (0, False))
        self.assertEqual(self.shard, ["5/8"])
        for code in (2, BROKE_OFF, 126, 127):
            self.assertEqual(self.ends(code), (code, False))
        for code in (128 + signal.SIGKILL, 128 + signal.SIGTERM):
            self.assertEqual(self.ends(code, SLURM_RESTART_COUNT="2"), (0, True))
            self.assertEqual(self.ends(code, SLURM_RESTART_COUNT="3"), (code, False))

    def test_bad_files_are_done_with(self):
        self.assertEqual(self.ends(1), (0, False))
        (self.dir / "alone/study.json").unlink()  # so it is something else
        self.assertEqual(self.ends(1), (1, False))

    def test_one_shard_is_done_again(self):
        self.ends(0, "12", SLURM_ARRAY_TASK_COUNT="1")
        self.assertEqual(self.shard, ["5/12"])


class Kubernetes(Cluster):
    """What an Indexed Job is (batch/v1), by Kubernetes' schema, and the command in a shell."""

    def setUp(self):
        super().setUp()
        try:
            import yaml
        except ImportError:
            self.skipTest("no PyYAML")
        self.job = yaml.safe_load((EXAMPLES / "kubernetes.yaml").read_text())

    def pod(self, index, **how):
        """What a pod of three ends with."""
        shell = self.job["spec"]["template"]["spec"]["containers"][0]["command"]
        shell = shell[:-1] + [shell[-1].replace("/shared/study.csv", "in/m.csv").replace("/shared", ".").replace("/8", "/3")]
        return subprocess.run(shell, cwd=self.dir, env={**self.env, "JOB_COMPLETION_INDEX": str(index)},
                              capture_output=True, text=True, timeout=PATIENCE, **how).returncode

    def test_a_pod_that_broke_off_is_started_again_and_bad_files_are_done_with(self):
        (self.dir / "in/bad.wav").write_text("no sound")
        self.manifest(["path", "s0.wav", "bad.wav", "s1.wav"])
        self.assertEqual(self.pod(0, preexec_fn=limit_files), BROKE_OFF)
        self.assertEqual([self.pod(i) for i in range(3)], [0, 0, 0])
        done = self.run_attune("merge", "study")
        self.assertIn("3 recordings: 2 done, 1 failed, 0 to do", done.stdout)

    def test_the_job_is_one_that_kubernetes_knows(self):
        job = self.job
        self.assertEqual((job["apiVersion"], job["kind"]), ("batch/v1", "Job"))
        known = {"completionMode", "completions", "parallelism", "backoffLimit", "template"}
        self.assertEqual(set(job["spec"]), known)
        self.assertEqual(job["spec"]["completionMode"], "Indexed")
        pod = job["spec"]["template"]["spec"]
        self.assertIn(pod["restartPolicy"], ("OnFailure", "Never"))
        self.assertEqual([v["name"] for v in pod["volumes"]], [m["name"] for c in pod["containers"] for m in c["volumeMounts"]])
        command = pod["containers"][0]["command"]
        self.assertIn(f"/{job['spec']['completions']}", command[-1])
        self.assertEqual(subprocess.run(["sh", "-n", "-c", command[-1]]).returncode, 0)

    @unittest.skipUnless((SCHEMA / "node_modules").is_dir() and shutil.which("node"), "no schema: npm ci --ignore-scripts in tests/kubernetes")
    def test_the_job_fits_kubernetes_schema(self):
        def told(text):
            (self.dir / "job.yaml").write_text(text)
            return subprocess.run(["node", SCHEMA / "check.mjs", self.dir / "job.yaml"], capture_output=True, text=True)
        text = (EXAMPLES / "kubernetes.yaml").read_text()
        done = told(text)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for was, becomes, why in (("mountPath", "mountpath", "mountPath"), ("runAsUser: 1000", "runAsUser: nobody", "integer"),
                                  ("drop:", "drops:", "capabilities/drops: there is no such field")):
            self.assertEqual(text.count(was), 1)
            done = told(text.replace(was, becomes))
            self.assertEqual(done.returncode, 1)
            self.assertIn(why, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
