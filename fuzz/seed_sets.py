"""Seeds of the fuzz program that reads data sets: each in miniature, and what may be wrong with it."""

import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent


def folder(asked, files):
    return asked.encode() + b"\n" + b"\n".join(b"@" + name.encode() + b"\n" + content
                                               for name, content in files.items())


def corpus():
    head = "file,subject,emotion,split,quality,boredom,engagement,confusion,frustration,engagement3\n"
    rows = [f"{k}.wav,p{k % 4},{word},{part},{grade},{k % 5},2,,0,{k % 3}" for k, (word, part, grade) in enumerate(
        zip(("happy", "sad", "calm", "angry", "joy", "", "bored", "fear", "neutral", "surprise"),
            10 * ("train", "val", "test"), 10 * ("normal", "low_quality", "occluded", "")))]
    files = {"manifest.csv": (head + "\n".join(rows)).encode(), "qualities.csv": b"file,quality\n1.wav,normal\n",
             **{f"{k}.wav": b"x" for k in range(9)}}
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    parts = ("random:train", "people:valid:3", "random:test,valid:quality", "people:fold1/3",
             "random:nofold0/2:quality:9")
    for split in ("all", "notest", "train", "subject=p1,p2", "split=val+fold2", "nofold1", "fold9", "nothing=1",
                  *parts):
        for name in "manifest", "voices_more", "daisee-frames", "javanese_av", "faces-diverse":
            yield folder(f"{name} {split}", files)
    yield folder("manifest all", {**files, "0.wav": pointer})
    yield folder("manifest all", {"manifest.csv": (head + rows[0] + "\n" + rows[0].replace("happy", "sad")).encode(),
                                  "0.wav": b"x"})
    yield folder("manifest all", {"manifest.csv": b"\xef\xbb\xbfpath;x\n,,\n"})
    yield folder("manifest all", {"sub/manifest.csv": b"file,expression,colour\n"
                                                      b"/etc/hostname,happy,red\n,happy,\n,,\n"})
    votes = "usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
    fer = {"fer2013new.csv": (votes + "Training,a.png,8,0,0,2,0,0,0,0,0,0\nTraining,b.png,1,1,1,1,1,1,1,1,1,1\n"
                              "PublicTest,c.png,4,4,0,0,0,0,0,0,2,0\nPrivateTest,d.png,0,0,0,0,0,0,0,0,9,1\n"
                              "Training,e.png,x,0,0,0,0,0,0,0,0,0\nOther,f.png,1,2\n").encode(),
           "FER2013Train/a.png": b"x", "FER2013Train/b.png": b"x", "FER2013Valid/c.png": b"x"}
    listed = {**fer, "fer2013_labels.csv": b"split,png,fer2013_label\nFER2013Train,a.png,happy\nFER2013Valid,c.png,9\n"
                                           b"FER2013Train,b.png,3\nFER2013Train,,3\nFER2013Train,b.png,\n"}
    pixels = " ".join(str(i % 256) for i in range(48 * 48))
    for split in "all", "train", "valid", "test", "sideways", "random:train":
        yield folder(f"ferplus {split}", fer)
        yield folder(f"fer2013 {split}", listed)
        yield folder(f"fer2013 {split}", {"fer2013.csv": (
            f"emotion,pixels,Usage\n3,{pixels},Training\n6,1 2 3,PublicTest\n7,{pixels},PrivateTest\n").encode()})
        yield folder(f"fer2013 {split}", {"in/train/happy/a.png": b"x", "in/test/3/b.png": b"x", "in/what/c.png": b"x"})
    yield folder("fer2013 all", {"train.csv": f"pixels,emotion\n{pixels},0\n{pixels},sad\n".encode()})
    yield folder("fer2013 all", {"train.csv": b"emotion\n1\n"})
    yield folder("ferplus all", {"fer2013new.csv": b"a,b,c\n1,2,3\n"})
    takes = {f"Actor_{a:02d}/0{m}-0{c}-0{e}-01-01-01-{a:02d}.{kind}": b"x" for a, m, c, e, kind in (
        (1, 3, 1, 1, "wav"), (2, 3, 1, 8, "flac"), (2, 1, 1, 8, "mp4"), (3, 2, 1, 2, "mp4"), (4, 3, 2, 3, "wav"),
        (5, 3, 1, 9, "wav"), (6, 1, 1, 3, "mp4"))}
    for split in "all", "fold0", "nofold1", "actors=1,2", "clips", "clips+fold1", "clips+all", "fold7", "people:train":
        yield folder(f"ravdess {split}", {**takes, "note.txt": b"x", "03-01.wav": b"x"})
    labels = b"ClipID,Boredom,Engagement,Confusion,Frustration \n1.avi,0,1,2,3\n2.mp4,0,9,,3\n3.avi,0,1,2,3\n,1\n"
    daisee = {"DataSet/Train/7/1/1.avi": b"x", "DataSet/Train/7/2/2.avi": b"x", "DataSet/Test/8/4/4.avi": b"x",
              "DataSet/Validation/9/5/5.mkv": b"x", "Labels/TrainLabels.csv": labels,
              "Labels/TestLabels.csv": b"ClipID\n4.avi\n"}
    for split in "all", "train", "val", "test", "notest", "no":
        yield folder(f"daisee {split}", daisee)
    wacv = {f"{c}/img{p}_{p}.jpg": b"x" for c in ("0_disengaged", "1_partial", "2_engaged") for p in range(4)}
    for split in "all", "fold1", "nofold2", "people=1,3", "fold4", "people:test":
        yield folder(f"wacv-engagement {split}", wacv)
    crema = {"VideoFlash/1001_DFA_ANG_XX.flv": pointer, "AudioWAV/1001_DFA_ANG_XX.wav": b"x",
             "AudioWAV/1002_DFA_NEU_XX.wav": b"x", "AudioWAV/1002.wav": b"x"}
    for split in "all", "clips", "voices", "other":
        yield folder(f"crema-d {split}", crema)
        yield folder(f"crema-d {split}", {**crema, "VideoFlash/1003_DFA_SAD_XX.flv": b"x"})
    for split in "all", "mine", "none":
        yield folder(f"folder {split}", {"mine/happy/a.jpg": b"x", "sad/b.wav": b"x", "sad/c.txt": b"x", "d.mp4": b"x",
                                         "odd/e.mp4": b"x", "valid/joy/f.mp4": b"x"})
    for column, one, two in (("subject", "a", "b"), ("emotion", "sad", "joy"), ("engagement3", "0", "1"),
                             ("boredom", "", "2"), ("boredom", "1", "2"), ("engagement3", "", "full"),
                             ("subject", "", "b")):
        yield folder("manifest all", {"manifest.csv": f"file,{column},emotion\na.wav,{one},\na.wav,{two},\n".encode(),
                                      "a.wav": b"x"})
    twice = (votes + "Training,a.png,8,0,0,2,0,0,0,0,0,0\nTraining,a.png,0,9,0,0,0,0,0,0,0,0\n").encode()
    yield folder("ferplus all", {"fer2013new.csv": twice, "FER2013Train/a.png": b"x"})
    for split in ("all", "people:train", "corpus=a+people:test", "split=" + 170 * "x", "random:", "all+all+all",
                  "random:a+all", "file=a+" * 9 + "all", "random:train+nothing=1", "random:valid:quality+all"):
        yield folder(f"voices-more {split}", {
            "manifest.csv": b"file,corpus,speaker,emotion\na.wav,a,korean-1,sad\nb.wav,a,korean-2,angry\n"
                            b"c.wav,b,x,happy\n",
            "a.wav": b"x", "b.wav": b"x", "c.wav": b"x", "qualities.csv": b"file,grade\n"})
    yield folder("manifest all", {"manifest.csv": b"file,engagement3\na.wav,no\n", "a.wav": b"x"})
    yield folder("manifest all", {"manifest.csv": b"file,colour\na.wav,no\n"})
    yield folder("daisee-frames all", {"manifest.csv": b"file,emotion\na.wav,sad\n"})
    yield folder("manifest all", {"manifest.csv": b"file,emotion\n" + 4200 * b"a" + b".wav,sad\n"})
    yield folder("manifest people:train", {"manifest.csv": b"file,emotion\na.wav,sad\n", "a.wav": b"x"})
    yield folder("manifest all", {"a.wav": b"x"})
    yield folder("ferplus all", {"a.png": b"x"})
    yield folder("fer2013 train", {"happy/a.png": b"x"})
    yield folder("daisee all", {"a": b"x"})
    units = re.findall(r'\{"(\w+)", \d+\}', (HERE / "../src/base/names.c").read_text(encoding="utf-8"))
    columns = ["set", "file", "found", "yaw", "pitch", "roll", *units]
    values = ["train", "a.png", "1", "1.5", "-2", "180", *(len(units) * ["128"])]
    for row in (values, values[:3], ["set", "a.png", "0"], values[:-1] + ["256"], values[:5] + ["nan"] + values[6:]):
        yield folder("teacher all", {"teacher.csv": (",".join(columns) + "\n" + ",".join(row) + "\n").encode()})
    yield folder("teacher all", {"teacher.csv": b"set,file\n"})
    yield folder("nobody's all", {})
