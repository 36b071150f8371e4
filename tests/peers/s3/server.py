"""An S3 store on this machine that keeps object locks, a peer for tests: prints its port and serves until killed."""

import logging
import sys
import threading

from moto.moto_server.threaded_moto_server import ThreadedMotoServer  # type: ignore[import-not-found]  # has a place of its own

logging.getLogger("werkzeug").setLevel(logging.ERROR)
sys.stdout, said = sys.stderr, sys.stdout
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
print(server.get_host_and_port()[1], file=said, flush=True)
threading.Event().wait()
