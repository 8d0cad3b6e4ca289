"""Carries connections of another network namespace into this one, where Samba listens.

A socket stays in the namespace that it was made in: the two that listen outside are handed
over as standard output (to port 389) and standard error (to 636). It ends with its
standard input, and so with the test.
"""

import os
import socket
import sys
import threading


def copy(source, target):
    try:
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # one that was reset is no more use the other way round
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def carry(outside, port):
    with outside:
        try:
            inside = socket.create_connection(("127.0.0.1", port))
        except OSError:
            return
        with inside:
            for end in (outside, inside):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = threading.Thread(target=copy, args=(inside, outside), daemon=True)
            answers.start()
            copy(outside, inside)
            answers.join()


def accept(listener, port):
    while True:
        outside, _ = listener.accept()
        threading.Thread(target=carry, args=(outside, port), daemon=True).start()


for descriptor, port in ((1, 389), (2, 636)):
    listener = socket.socket(fileno=descriptor)
    threading.Thread(target=accept, args=(listener, port), daemon=True).start()
sys.stdin.buffer.read()
os._exit(0)
