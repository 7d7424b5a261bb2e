"""The far end of a DNS tunnel: answers every TXT question with a piece of text, on UDP port 53, until killed."""

import base64
import socket
import struct
import sys

HEADER_BYTES = 12
TEXT_TYPE = 16


def answer(question: bytes) -> bytes:
    """Return a TXT answer to the DNS message `question` (RFC 1035 4.1), carrying what a tunnel would send back."""
    end = HEADER_BYTES
    while question[end]:
        end += question[end] + 1
    end += 5
    text = base64.b32encode(question[HEADER_BYTES : HEADER_BYTES + 40])
    header = question[:2] + struct.pack("!HHHHH", 0x8580, 1, 1, 0, 0)
    record = struct.pack("!HHHIHB", 0xC00C, TEXT_TYPE, 1, 0, len(text) + 1, len(text)) + text
    return header + question[HEADER_BYTES:end] + record


def serve(address: str) -> None:
    """Answer questions arriving at `address` for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind((address, 53))
        while True:
            question, sender = door.recvfrom(1500)
            door.sendto(answer(question), sender)


if __name__ == "__main__":
    serve(sys.argv[1])
