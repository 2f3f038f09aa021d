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
