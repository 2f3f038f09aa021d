#!/usr/bin/env python3
"""Which share of the readers' lines the fuzz programs reach: fuzz_coverage.py BUILD CORPUS [--missing]

BUILD is of gcc with -Dfuzz=replay -Db_coverage=true, and has the seeds; CORPUS/PROGRAM has what was found
besides. A line a file and one a program. Lines that say themselves that memory is out, that a call of
the system failed or that somebody interrupted do not count, since no input gets there: tests/alloc_*.c and
tests/cli_faults.py do. --missing names the others that are not reached. Fails where a program is below what
is asked of it.
"""
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# What is asked: of what reads model files, and of the others, in percent.
MODELS, OTHERS = 95, 90

# program: files that read what it makes up; where others are in them, the functions that do, or with a minus
# those that read nothing of it: devices and addresses, tables for help, what is written
READERS = {
    "weights": {"src/tensor/weights.c": (), "src/tensor/weights_digest.c": ()},
    "model": {
        "src/runtime/model.c": ("has_part", "load_parts", "attune_model_load", "attune_model_free",
                                "attune_model_describe"),
        "src/runtime/usual.c": (),
        "src/model/audio.c": ("borrow", "make", "make_front", "make_lstm", "make_network", "count_members",
                              "expert_values", "find_expert", "at_audio_freeze", "at_audio_free"),
        "src/model/mobilenet.c": ("find_array", "at_mb_fold_unit"),
        "src/model/visual.c": ("has_head", "at_visual_head_of"),
        "src/model/visual_run.c": ("freeze_depthwise", "freeze_dense", "freeze_heads", "freeze_all",
                                   "at_visual_freeze", "at_visual_free"),
        "src/model/encoder.c": ("at_encoder_wrong", "has_any", "has_layer", "columns", "is_whole", "check_arrays",
                                "at_encoder_shape_of"),
        "src/model/encoder_run.c": ("freeze_dense", "at_encoder_freeze"),
        "src/model/hog_net.c": (),
        "src/vision/detect_net.c": ("fetch", "keep", "pack", "has_unit", "load_unit", "load",
                                    "at_detect_net_create"),
        "src/vision/detect_graph.c": ("fetch", "import_conv", "import_unit", "has_shared", "import_yunet", "is_ours",
                                      "copy_ours", "check_shapes", "at_detector_import"),
        "src/tensor/weights_params.c": (),
        "src/fusion/arrays.c": (),
        "src/fusion/baseline.c": (),
        "src/fusion/calibration.c": (),
        "src/fusion/condition.c": (),
        "src/fusion/fusion.c": ("load_kind", "load_trust", "load_thresholds", "load_parts", "at_fusion_load"),
        "src/fusion/kinds.c": ("at_fusion_kind_find",),
        "src/fusion/net.c": (),
    },
    "checkpoint": {"src/train/checkpoint.c": (
        "take", "wrong_meta", "take_int", "take_number", "take_stamp", "take_schedule", "take_scaling", "take_state",
        "check_arrays", "at_checkpoint_load", "at_checkpoint_stamp", "begins_with_any", "at_params_copy",
        "at_params_load")},
    "media": {
        **{f"src/media/{part}.c": () for part in ("av", "av_read", "av_restart", "av_tracks", "av_sound", "av_source", "av_queue",
                                                  "av_still")},
        "src/media/av_open.c": ("-no_device", "-origin_us"),
        "src/media/av_picture.c": ("-at_av_picture_known",),
        "src/media/av_end.c": ("-judge_live_end",),
    },
    "box": {"src/media/av_wire.c": ()},
    "corpus": {
        "src/data/corpora.c": ("-at_corpus_name", "-at_corpus_help", "-at_corpus_splits"),
        **{f"src/data/{part}.c": () for part in (
            "corpus", "corpus_daisee", "corpus_fer", "corpus_folder", "corpus_manifest", "corpus_ravdess",
            "corpus_voices_more", "class_folders", "labels", "paths", "split")},
        "src/train/teacher.c": (),
    },
    "onnx": {
        **{f"src/onnx/{part}.c": () for part in ("build", "layers_math", "layers_shape", "layers_windows", "loops",
                                                 "reader")},
        "src/onnx/net.c": ("-at_onnx_net_is_softmax",),
    },
    "csv": {"src/data/csv.c": (), "src/data/gunzip.c": ()},
    "text": {"src/text/chars.c": (), "src/text/chat.c": ("-at_text_class_name",), "src/text/context.c": (), "src/text/reading.c": (),
             "src/text/lexicon.c": (), "src/text/words.c": ()},
    "log": {
        **{f"src/signal/{part}.c": () for part in (
            "log", "log_bids", "log_clock", "log_columns", "log_csv", "log_cues", "log_empatica", "log_format", "log_jsonl",
            "log_message", "log_name", "log_polar", "log_row", "log_time", "log_whatsapp", "log_zoom")},
        "src/signal/column.c": ("-keep_value", "-keep_cell", "-keep_ring", "-at_column_keep"),
        "src/signal/embed.c": ("find", "is_counted", "at_signal_places", "within", "at_signal_token", "at_signal_embed",
                               "at_signal_coverage"),
        "src/runtime/analyze_beside.c": ("-at_beside_note", "-note_reading", "-note_outside", "-keep_log", "-at_beside_keep",
                                         "-catch_up", "-at_beside_catch_up", "-digest_log", "-at_beside_digest"),
        "src/runtime/signal.c": ("-signal_keep",),
        "src/runtime/chat.c": ("-chat_keep",),
    },
    "resume": {
        "src/base/keep.c": (),
        "src/runtime/analyze_beside.c": ("keep_log", "at_beside_keep", "catch_up", "at_beside_catch_up", "digest_log",
                                         "at_beside_digest"),
        "src/runtime/analyze_resume.c": ("-is_ours", "-attune_resume_forget"),
        "src/runtime/analyze_taken.c": (),
        "src/runtime/analyze_told.c": (),
        "src/runtime/baselines.c": ("at_baselines_keep",),
        "src/runtime/clock.c": ("keep_input", "is_way", "is_possible", "at_clock_keep"),
        "src/runtime/face.c": ("keep_sighting", "keep_ring", "face_keep"),
        "src/runtime/hindsight.c": ("keep_testimony", "at_hindsight_keep"),
        "src/runtime/chat.c": ("chat_keep",),
        "src/runtime/portraits.c": ("keep_picture", "at_portraits_keep"),
        "src/runtime/signal.c": ("signal_keep",),
        "src/runtime/window.c": ("is_flag", "at_window_keep"),
        "src/signal/column.c": ("keep_value", "keep_cell", "keep_ring", "at_column_keep"),
        "src/vision/cut.c": ("at_cut_keep",),
        "src/vision/identity.c": ("keep_person", "at_identity_keep"),
        "src/vision/search.c": ("keep_grid", "keep_doubt", "at_search_keep"),
        "src/vision/track.c": ("keep_track", "at_tracker_keep"),
    },
    "recipe": {"src/train/recipe.c": (), "src/train/settings.c": (),
               **{f"src/train/settings_{part}.c": () for part in (
                   "audio", "chain", "detector", "encoders", "functionals", "fusion", "harms", "hog", "plan", "ranges",
                   "sets", "temporal", "visual")},
               "src/train/fields.c": ("-find_at", "-at_fields_at")},
    "timeline": {"src/report/timeline.c": (), "src/report/fields.c": ("-at_fields_round", "-attune_column_at")},
    "report": {"src/report/result.c": (), "src/report/readback.c": (), "src/report/export.c": ()},
    "writers": {"src/base/visible.c": (), "src/base/address.c": ("-at_address_is",),
                "src/report/text.c": ("at_text_html", "at_text_basename")},
    "store": {
        **{f"src/store/{part}.c": () for part in ("record", "row", "read", "schema", "sql")},
        "src/xapi/consent.c": ("is_sound", "read_row", "at_consent_find", "attune_xapi_consents"),
        "src/xapi/statement.c": (),
    },
    "launch": {f"src/lti/{part}.c": () for part in ("form", "id_token", "platforms")},
    "messages": {
        "src/serve/wire.c": ("take_text", "take_flag", "read_hello", "read_stream", "read_keep", "read_plain",
                             "at_wire_read_text", "little", "at_wire_most", "at_wire_read_binary"),
        "src/serve/access.c": ("-at_token_is_fit",),
        "src/media/av_jpeg.c": ("is_frame", "is_bare", "check_frame", "check_jpeg", "padded", "decode", "at_av_load_jpeg",
                                         "at_av_lend_jpeg"),
    },
}
MODEL_READERS = ("weights", "model", "checkpoint")

SYSTEM = re.compile(r"nomem|NOMEM|errno|E_INTERRUPTED|AVERROR_EXIT")


def run(program, *folders):
    subprocess.run([program, *filter(pathlib.Path.exists, folders)], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)


def counts(build):
    """file: {line: (function, times)} of all that was run since the counters were removed"""
    found = {}
    data = [str(p.resolve()) for p in build.rglob("*.gcda")]
    out = subprocess.run(["gcov", "--json-format", "--stdout", *data], capture_output=True, check=True,
                         cwd=build, text=True).stdout
    for text in out.splitlines():
        for file in json.loads(text)["files"]:
            name = file["file"].removeprefix("../").removeprefix("../")
            lines = found.setdefault(name, {})
            for line in file["lines"]:
                function, times = lines.get(line["line_number"], (None, 0))
                lines[line["line_number"]] = (line.get("function_name", function), times + line["count"])
    return found


def share(file, lines, functions):
    """lines that count, and those of them that were not reached"""
    text = pathlib.Path(file).read_text(encoding="utf-8").splitlines()
    wanted, others = ({f.lstrip("-") for f in functions if f.startswith("-") == minus} for minus in (False, True))
    count = [n for n, (function, _) in sorted(lines.items())
             if (not wanted or function in wanted) and function not in others and not SYSTEM.search(text[n - 1])]
    return count, [n for n in count if not lines[n][1]]


def show(name, file, count, left, end=""):
    print(f"{name:<10} {file:<32} {100 * (count - left) / max(1, count):6.2f} % of {count:4d} lines{end}")


def report(program, found, missing):
    """Whether as much of its readers is reached as is asked."""
    all_lines = all_left = 0
    for file, functions in READERS[program].items():
        count, left = share(file, found.get(file, {}), functions)
        all_lines, all_left = all_lines + len(count), all_left + len(left)
        show("", file, len(count), len(left))
        for n in left if missing else ():
            print(f"    {file}:{n}: {pathlib.Path(file).read_text(encoding='utf-8').splitlines()[n - 1].strip()}")
    asked = MODELS if program in MODEL_READERS else OTHERS
    enough = all_lines > 0 and 100 * (all_lines - all_left) >= asked * all_lines
    show(program, "in all", all_lines, all_left, "" if enough else f", and not {asked} %")
    return enough


def main(build, corpus, missing):
    good = True
    for program in READERS:
        path = build / "fuzz" / f"fuzz_{program}"
        if not path.exists():
            print(f"{program:<10} is not built: a library is missing")
            continue
        for counter in build.rglob("*.gcda"):
            counter.unlink()
        run(path, corpus / program, HERE.parent / "fuzz" / "corpus" / program, path.parent / "seeds" / program)
        good &= report(program, counts(build), missing)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), "--missing" in sys.argv))
