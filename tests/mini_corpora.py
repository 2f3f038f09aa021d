"""Data sets in miniature, drawn and synthesised: make(folder) writes them in the layouts of FER+ with
FER2013's labels, of DAiSEE's frames, of WACV's engagement and of RAVDESS. Nobody is shown or heard.

What is to be learned is drawn plainly: an expression is a mouth and brows, a level of a learning state
how far the eyes are closed, an emotion of a voice its pitch and timbre.
"""
import math
import pathlib
import random
import struct
import wave

SIDE = 48
FER = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"]
# Which of FER2013's names an expression of FER+ has.
BASIC = {"neutral": "neutral", "happiness": "happy", "surprise": "surprise", "sadness": "sad",
         "anger": "angry"}
EXPRESSIONS = list(BASIC)


def draw_face(rng, expression, lid=0.0):
    """SIDE x SIDE RGB bytes. lid: 0 open eyes, 1 closed ones."""
    mouth = {"happiness": 1, "sadness": -1}.get(expression, 0)
    opened, brow = expression == "surprise", 0.5 if expression == "anger" else 0
    dx, dy, size = rng.uniform(-.08, .08), rng.uniform(-.08, .08), rng.uniform(.9, 1.05)
    skin, back = rng.randint(150, 210), rng.randint(40, 110)
    pixels = bytearray()
    for row in range(SIDE):
        v = ((2 * row + 1) / SIDE - 1 - dy) / size
        for column in range(SIDE):
            u = ((2 * column + 1) / SIDE - 1 - dx) / size
            shade, side = back, abs(u)
            if (u / .72) ** 2 + (v / .92) ** 2 < 1:
                shade = skin
                eye = (side - .32) / .16, (v + .22) / (.1 * (1.05 - lid))
                if eye[0] ** 2 + eye[1] ** 2 < 1:
                    shade = 30
                if side < .5 and side > .14 and abs(v + .42 + brow * (.32 - side)) < .05:
                    shade = 50
                if opened and (u / .16) ** 2 + ((v - .5) / .2) ** 2 < 1:
                    shade = 40
                if not opened and side < .36 and abs(v - .5 + mouth * (2.2 * u * u - .14)) < .06:
                    shade = 40
            shade = max(0, min(255, shade + rng.randint(-6, 6)))
            pixels += bytes((shade, shade * 9 // 10, shade * 8 // 10))
    return bytes(pixels)


def write_picture(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"P6\n%d %d\n255\n" % (SIDE, SIDE) + pixels)


def make_ferplus(folder, rng, train, valid):
    """FER2013Train, FER2013Valid, votes and FER2013's own labels; train, valid: pictures a class."""
    votes = ["Usage,Image name," + ",".join(FER) + ",unknown,NF"]
    labels = ["split,png,fer2013_label"]
    for part, usage, each in ("FER2013Train", "Training", train), ("FER2013Valid", "PublicTest", valid):
        for i in range(each * len(EXPRESSIONS)):
            expression, name = EXPRESSIONS[i % len(EXPRESSIONS)], f"fer{i:04d}.ppm"
            write_picture(folder / part / name, draw_face(rng, expression))
            counts = [8 if e == expression else 2 if e == "neutral" else 0 for e in FER]
            votes.append(f"{usage},{name}," + ",".join(map(str, counts)) + ",0,0")
            labels.append(f"{part},{name},{BASIC[expression]}")
    (folder / "fer2013new.csv").write_text("\n".join(votes) + "\n")
    (folder / "fer2013_labels.csv").write_text("\n".join(labels) + "\n")


def make_daisee(folder, rng, train, valid):
    """manifest.csv and its frames, train and val; boredom is the level of the lids, engagement 3 - it."""
    lines = ["split,file,clip,subject,boredom,engagement,confusion,frustration"]
    for split, count in ("train", train), ("val", valid):
        for i in range(count):
            level, name = i % 4, f"{split}/{i:03d}.ppm"
            write_picture(folder / name, draw_face(rng, "neutral", level / 3.2))
            other = rng.randint(0, 3)
            lines.append(f"{split},{name},c{i},{split}{i % 5},{level},{3 - level},{other},{i // 4 % 4}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")


def make_wacv(folder, rng, each):
    """Three classes of people 1 to 4, of whom 4 is fold0."""
    for label, name in enumerate(("0_disengaged", "1_partial", "2_engaged")):
        for person in range(1, 5):
            for i in range(each):
                write_picture(folder / name / f"img{person}_{i}.ppm",
                              draw_face(rng, "neutral", 1 - label / 2.2))


def voice(rng, emotion, seconds):
    """A buzz in syllables, whose pitch and timbre are the emotion's."""
    pitch = 100 + 25 * emotion + rng.uniform(-8, 8)
    period = round(16000 / pitch)
    bright = .15 + .1 * (emotion % 4)
    table = [sum(math.exp(-bright * k) * math.sin(2 * math.pi * k * i / period)
                 for k in range(1, 16)) for i in range(period)]
    count, rate = int(16000 * seconds), 3 + emotion % 3
    return [.12 * table[i % period] * max(0, math.sin(math.pi * rate * i / 16000)) +
            rng.uniform(-1e-3, 1e-3) for i in range(count)]


def write_sound(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as f:
        f.setparams((1, 2, 16000, 0, "NONE", ""))
        f.writeframes(struct.pack(f"<{len(samples)}h",
                                  *(round(32767 * max(-1, min(1, x))) for x in samples)))


def make_ravdess(folder, rng, actors, takes, seconds=.9):
    """Actor_NN/03-01-EE-01-SS-RR-NN.wav, all eight emotions."""
    for actor in actors:
        for emotion in range(1, 9):
            for take in range(takes):
                name = f"03-01-{emotion:02d}-01-{take // 2 + 1:02d}-{take % 2 + 1:02d}-{actor:02d}.wav"
                write_sound(folder / f"Actor_{actor:02d}" / name, voice(rng, emotion, seconds))


def make_voices(folder, rng, speakers, takes, seconds=.9):
    """A manifest of voices with two of the seven emotions."""
    folder.mkdir()
    rows = ["file,speaker,emotion"]
    for speaker in range(speakers):
        for emotion, word in ((3, "happy"), (4, "sad")):
            for take in range(takes):
                rows.append(f"{speaker}_{word}_{take}.wav,v{speaker},{word}")
                write_sound(folder / rows[-1].split(",")[0], voice(rng, emotion, seconds))
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")


def make(folder):
    folder, rng = pathlib.Path(folder), random.Random(8)
    make_ferplus(folder / "ferplus", rng, 16, 6)
    make_daisee(folder / "daisee_frames", rng, 24, 16)
    make_wacv(folder / "wacv_engagement", rng, 3)
    make_ravdess(folder / "ravdess_speech16k", rng, (2, 3, 8), 2)  # 8 is of fold3
    make_voices(folder / "voices_more", rng, 3, 3)
    write_sound(folder / "noise" / "hiss.wav", [rng.uniform(-.1, .1) for _ in range(32000)])


if __name__ == "__main__":
    import sys
    make(sys.argv[1])
