"""Clients of the hosted service as its makers published them, unmodified; only the host is another.

Each is installed into an environment of its own from the package registry: `pytest -m clients tests/server`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from parts import Live, crop_model

pytestmark = pytest.mark.clients

# Rewrites the host below the client, in the library with which it sends; its own files stay as they are.
REDIRECT = """
import os
import requests
from urllib.parse import urlsplit

send = requests.Session.request

def request(self, method, url, **more):
    parts = urlsplit(url)
    if parts.hostname == "app.nanonets.com":
        url = os.environ["REDIRECT_TO"] + url[url.index(parts.netloc) + len(parts.netloc):]
    return send(self, method, url, **more)

requests.Session.request = request
"""
TEACHES = """
import json, sys
from nanonets import OCR

key, picture, marks = sys.argv[1:]
model = OCR(key, ["number_plate"])
reply = model.train({picture: marks})
print(json.dumps([model.model_id, reply.json()["state"]]))
"""
READS = """
import sys
from nanonets import NANONETSOCR

client = NANONETSOCR()
client.set_token(sys.argv[1])
print("TEXT", client.convert_to_string(sys.argv[2]))
"""


def run(folder: Path, live: Live, package: str, program: str, *arguments: str) -> str:
    """Install a package in an environment of its own, run a program with it, give what it prints."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True, capture_output=True)
    (folder / "hook").mkdir()
    (folder / "hook" / "sitecustomize.py").write_text(REDIRECT)
    environment = os.environ | {"PYTHONPATH": str(folder / "hook"), "REDIRECT_TO": live.url}
    done = subprocess.run(
        [python, "-W", "ignore", "-c", program, *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_package_nanonets_teaches(live: Live, tmp_path: Path, small: bytes) -> None:
    (tmp_path / "1.png").write_bytes(small)
    box = {"xmin": 10, "ymin": 5, "xmax": 200, "ymax": 70}
    (tmp_path / "1.json").write_text(json.dumps([{"name": "number_plate", "bndbox": box, "ocr_text": "HELLO"}]))
    paths = (str(tmp_path / "1.png"), str(tmp_path / "1.json"))
    out = run(tmp_path, live, "nanonets==2.0.5", TEACHES, live.key, *paths)
    model, state = json.loads(out.splitlines()[-1])
    assert state in (3, 4)
    with live.client() as client:
        found = client.get(f"/api/v2/OCR/Model/{model}").json()
        assert found["categories"] == [{"name": "number_plate", "count": 1}]
        runs = client.get(f"/api/v1/models/{model}/runs").json()
        assert len(runs) == 1
        if runs[0]["state"] in ("queued", "running"):
            client.post(f"/api/v1/runs/{runs[0]['id']}/cancel")


def test_the_package_ocr_nanonets_wrapper_reads(live: Live, tmp_path: Path, small: bytes) -> None:
    (tmp_path / "1.png").write_bytes(small)
    out = run(tmp_path, live, "ocr-nanonets-wrapper==1.1", READS, live.key, str(tmp_path / "1.png"))
    assert "HELLO" in out.rpartition("TEXT")[2]


# Rewrites the host where Node.js opens a connection; the package's own files stay as they are.
NODE_HOOK = """
const http = require("http");
const to = new URL(process.env.REDIRECT_TO);
const send = http.request;
http.request = function (options, ...more) {
  if (options.hostname === "app.nanonets.com" || options.host === "app.nanonets.com") {
    options = Object.assign({}, options, { host: to.hostname, hostname: to.hostname, port: to.port });
  }
  return send.call(this, options, ...more);
};
"""
NODE_PREDICTS = """
const [key, modelId, filePath] = process.argv.slice(2);
const client = require("nanonets")(key);
(async () => {
  console.log(await client.predict({ modelType: "OCR", modelId, filePath }));
  try {
    await client.predict({ modelType: "ObjectDetection", modelId, fileURL: "https://example.com/a.png" });
  } catch (error) {
    console.log(JSON.stringify({ status: error.statusCode, body: JSON.parse(error.error) }));
  }
})();
"""


def test_the_npm_package_nanonets_predicts(live: Live, tmp_path: Path, small: bytes) -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "nanonets@1.0.13"]
    subprocess.run(install, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    for name, text in (("hook.js", NODE_HOOK), ("predict.js", NODE_PREDICTS)):
        (tmp_path / name).write_text(text)
    (tmp_path / "1.png").write_bytes(small)
    with live.client() as client:
        model = client.post("/api/v1/models", json={"labels": ["number_plate"]}).json()["id"]
        file = {"file": ("m.wordsight", crop_model("number_plate"))}
        client.post(f"/api/v1/models/{model}/versions", files=file).raise_for_status()
    done = subprocess.run(
        ["node", "--no-deprecation", "--require", "./hook.js", "predict.js", live.key, model, "./1.png"],
        env=os.environ | {"REDIRECT_TO": live.url},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    read, refused = (json.loads(line) for line in done.stdout.splitlines())
    assert [result["input"] for result in read["result"]] == ["1.png"]
    assert [(box["label"], box["ocr_text"]) for box in read["result"][0]["prediction"]] == [("number_plate", "HELLO")]
    assert refused["status"] == 400, "URLs are not fetched unless the server is told to"
    assert "--fetch-urls" in refused["body"]["message"]
