# The project's front door; meson does the work. See `make help`.

BUILD = build/release
PREFIX = /usr/local
# gcc unless the environment or the command line says otherwise
CC := $(if $(filter default,$(origin CC)),$(if $(shell command -v gcc),gcc,cc),$(CC))
export CC

help:
	@echo "make demo     build, then analyze demo/talking_head.mp4 into demo-report/"
	@echo "make clip     draw demo/talking_head.mp4 again (some minutes)"
	@echo "make test     build with gcc, clang and the sanitizers, and run all tests"
	@echo "make build    build $(BUILD)/src/attune"
	@echo "make fuzz     look for inputs that break a reader, HOURS=1 in all (needs clang)"
	@echo "make night    what takes a night: HOURS=4 of fuzzing, every fault, live hours, valgrind, the analyzer"
	@echo "make deb      Debian packages, in build/deb"
	@echo "make install  install to PREFIX (now $(PREFIX)), under DESTDIR if set"
	@echo "make format   bring the C files into the project's format"
	@echo "make clean    remove build/ and demo-report/"
	@echo
	@echo "What is missing is installed from Debian's packages (tools/setup.sh)."

$(BUILD)/build.ninja:
	meson setup $(BUILD) --prefix $(PREFIX) -Dtests=disabled

# One ninja a build folder at a time, so make's own -j changes nothing.
build: setup-build
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	ninja -C $(BUILD)

setup-build:
	@tools/setup.sh

demo: build
	$(BUILD)/src/attune analyze demo/talking_head.mp4 -o demo-report
	@echo
	@echo "The report is in demo-report/:"
	@ls -1 demo-report

# The demo clip is committed; this draws it again.
clip: build
	ninja -C $(BUILD) tools/draw_talking_head
	$(BUILD)/tools/draw_talking_head demo

test:
	@tools/setup.sh test
	@tools/test.sh

fuzz: HOURS = 1
fuzz:
	@tools/setup.sh test
	@tools/fuzz.sh $(HOURS)

# PARTS="faults memcheck": these only (tools/night.sh).
night: HOURS = 4
night:
	@tools/setup.sh night
	@HOURS=$(HOURS) tools/night.sh $(PARTS)

deb:
	@tools/setup.sh deb
	@tools/deb.sh

# Built by whoever calls, installed with sudo where the place is not theirs to write.
install: build
	meson configure $(BUILD) -Dprefix="$(PREFIX)"
	ninja -C $(BUILD)
	@rm -f $(BUILD)/meson-logs/install-log.txt # root's, after an installation with sudo
	@into="$(DESTDIR)$(PREFIX)"; mkdir -p "$$into" 2>/dev/null; \
	if [ -w "$$into" ]; then sudo=; else sudo=sudo; echo "installing into $$into with sudo"; fi; \
	$$sudo meson install -C $(BUILD) --no-rebuild --strip

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build demo-report

.PHONY: help build setup-build demo clip test fuzz night deb install format clean
