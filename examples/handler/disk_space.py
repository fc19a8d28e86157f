"""A handler without Discord: it reports how much space a disk has left.

Start a server (`schedulezero-bot server`), then this file, and schedule its job over REST.
"""

import shutil

from schedulezero.handler_base import HandlerBase


class Disks(HandlerBase):
    def free_space(self, params):
        """Report the free space of a disk.

        Params:
            path: str - a folder on the disk
        """
        usage = shutil.disk_usage(params["path"])
        return {"free_bytes": usage.free, "used_percent": round(100 * usage.used / usage.total, 1)}


if __name__ == "__main__":
    Disks("disks").run()
