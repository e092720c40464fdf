"""A dcgm-exporter for synthetic GPUs: text of either name generation over HTTP."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OLD = {
    "DCGM_FI_DEV_SM_CLOCK": ("SM clock frequency (in MHz).", 1980.0),
    "DCGM_FI_DEV_MEM_CLOCK": ("Memory clock frequency (in MHz).", 2619.0),
    "DCGM_FI_DEV_MEMORY_TEMP": ("Memory temperature (in C).", 70.0),
    "DCGM_FI_DEV_GPU_TEMP": ("GPU temperature (in C).", 60.0),
    "DCGM_FI_DEV_POWER_USAGE": ("Power draw (in W).", 650.0),
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": ("Energy since boot (in mJ).", 9.9e9),
    "DCGM_FI_DEV_GPU_UTIL": ("GPU utilization (in %).", 97.0),
    "DCGM_FI_DEV_MEM_COPY_UTIL": ("Memory utilization (in %).", 41.0),
    "DCGM_FI_DEV_FB_USED": ("Framebuffer memory used (in MiB).", 70000.0),
    "DCGM_FI_DEV_XID_ERRORS": ("Value of the last XID error.", 0.0),
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": ("Ratio of cycles the tensor pipe is active.", 0.5),
    "DCGM_FI_PROF_DRAM_ACTIVE": ("Ratio of cycles the memory interface is active.", 0.4),
}
NEW = {
    "DCGM_FI_DEV_SM_CLOCK_HERTZ": ("SM clock frequency (in Hz).", 1.98e9),
    "DCGM_FI_DEV_GPU_TEMP_CELSIUS": ("GPU temperature (in C).", 60.0),
    "DCGM_FI_DEV_BOARD_POWER_WATTS": ("Power draw (in W).", 650.0),
    "DCGM_FI_DEV_GPU_ENERGY_JOULES_TOTAL": ("Energy since boot (in J).", 9.9e6),
    "DCGM_FI_DEV_GPU_UTIL_RATIO": ("GPU utilization.", 0.97),
}


def exposition(
    nodes: int, gpus: int, names: dict[str, tuple[str, float]] = OLD, first_node: int = 0
) -> str:
    """Return what an exporter would say of `nodes` nodes with `gpus` GPUs each.

    GPU number k of all has its reading raised by a thousandth of itself times k mod 10.
    """
    lines = []
    for name, (help_text, value) in names.items():
        lines += [f"# HELP {name} {help_text}", f"# TYPE {name} gauge"]
        for node in range(first_node, first_node + nodes):
            for gpu in range(gpus):
                k = node * gpus + gpu
                labels = (
                    f'gpu="{gpu}",UUID="GPU-{k:012d}",pci_bus_id="00000000:{gpu:02X}:00.0",'
                    f'device="nvidia{gpu}",modelName="NVIDIA H100 80GB HBM3",Hostname="n{node}"'
                )
                lines.append(f"{name}{{{labels}}} {value * (1.0 + 0.001 * (k % 10)):.6g}")
    return "\n".join(lines) + "\n"


class Exporter:
    """Serves a text on a free port until left; `text` may be changed meanwhile."""

    def __init__(self, text: str, status: int = 200, date: Callable[[], str] | None = None) -> None:
        self.text, self.status = text, status
        exporter = self

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = exporter.text.encode()
                self.send_response_only(exporter.status)
                self.send_header("Date", date() if date else self.date_time_string())
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *said: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/metrics"

    def __enter__(self) -> "Exporter":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
