"""What can be seen of a program that runs."""
import os
import pathlib


def children(pid):
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def has_open(pid, name):
    """Whether the process, or a child of its, has a file of that name open."""
    try:
        for process in [pid, *children(pid)]:
            for link in pathlib.Path(f"/proc/{process}/fd").iterdir():
                if os.path.basename(os.readlink(link)) == name:
                    return True
    except FileNotFoundError:  # gone meanwhile
        pass
    except PermissionError:  # a decoder's child that is confined: its input is open
        return True
    return False


def memory_mb(pid):
    """What the process and its children take; what they share counts once, or twice if both had it at the fork."""
    private = shared = 0
    try:
        for process in [pid, *children(pid)]:
            status = pathlib.Path(f"/proc/{process}/status").read_text()
            size = {name: int(value.split()[0]) for name, value in
                    (line.split(":", 1) for line in status.splitlines()) if name.startswith("Rss")}
            private += size.get("RssAnon", 0)
            shared = max(shared, size.get("RssShmem", 0))
    except (FileNotFoundError, ProcessLookupError):  # gone meanwhile
        return 0
    return (private + shared) / 1024
