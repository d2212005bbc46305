// A training: start it, watch it, its curve.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { $, api, during, el } from "./common.js";

const STEPS = {
  checked: "Looking through the pictures",
  "read pages": "Reading the pages",
  measure: "Measuring on pictures kept back",
  tag: "Learning to tell the fields apart",
  find: "Learning where the fields are",
  read: "Learning to read the fields",
};
const COLOURS = ["#0b5fae", "#c2471f", "#17763f", "#8a35b8", "#8a6500"];

$("start")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  during(form.querySelector("button"), async () => {
    await api("POST", `/api/v1/models/${form.dataset.model}/runs`, { minutes: Number(form.elements.minutes.value) });
    location.assign(location.pathname);
  });
});

const panel = $("run");
if (panel?.dataset.live) watch();
else if (panel) api("GET", `/api/v1/runs/${panel.dataset.run}`).then(show, () => {});

function watch() {
  const events = new EventSource(`/api/v1/runs/${panel.dataset.run}/events`);
  events.addEventListener("run", (event) => {
    const run = JSON.parse(event.data);
    show(run);
    if (!["queued", "running"].includes(run.state)) {
      events.close();
      location.reload();
    }
  });
}

function span(seconds) {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

const inWords = (stage) => STEPS[stage] ?? stage;

function show(run) {
  $("run-state").textContent = run.state[0].toUpperCase() + run.state.slice(1);
  const { stage, done, remaining, message, notes = [] } = run.progress;
  if ($("bar")) {
    if (run.state === "queued") $("bar").removeAttribute("value");
    else $("bar").value = done ?? 0;
    const parts = [inWords(stage), remaining > 0 && `about ${span(remaining)} left in this step`, message].filter(Boolean);
    $("stage-text").textContent = run.state === "queued" ? "Waiting for a worker …" : parts.join(" · ");
  }
  $("notes").replaceChildren(...notes.filter((entry) => entry.note).map((entry) => el("li", {}, entry.note)));
  curve(notes.filter((entry) => entry.scores));
}

let drawn = 0;

function curve(checks) {
  if (!checks.length || checks.length === drawn) return;
  drawn = checks.length;
  const last = checks.at(-1);
  $("curve-text").textContent = `${inWords(last.stage)}, last check: ${Object.entries(last.scores).map(([name, value]) => `${name} ${value.toFixed(3)}`).join(", ")}`;
  if (checks.length < 2) return; // a point is no curve
  const names = [...new Set(checks.flatMap((check) => Object.keys(check.scores)))].slice(0, COLOURS.length);
  const values = names.map((name) => checks.map((check) => check.scores[name] ?? null));
  const host = $("curve");
  host.hidden = false;
  host.replaceChildren();
  const options = {
    width: Math.max(240, host.clientWidth - 16),
    height: 240,
    scales: { x: { time: false }, y: { range: [0, 1] } },
    axes: [{ label: "check", incrs: [1, 2, 5, 10, 20, 50] }, { label: "on pictures kept back" }],
    series: [{ label: "check" }, ...names.map((label, index) => ({ label, stroke: COLOURS[index], width: 2, points: { show: true } }))],
  };
  new uPlot(options, [checks.map((_, index) => index + 1), ...values], host);
}
