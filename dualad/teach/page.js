// Steps through a trace. page.py writes in front of this: ROWS, LIVE, DIRECTIONS, OUTPUTS (what the
// modes can be about), and the rules that the rows apply, VALUE and SLOPES.
//
// A row has its kind, name, line and source; text and template, its formula with names and with places
// for numbers; args, rule or sign, by which it is calculated; shares, which it gives back. An argument
// is the number of a row, as {row: 3}, or a constant, as {number: 2}. A page that is not LIVE has
// rows which JavaScript cannot calculate: it shows the numbers that it was made with.

"use strict";

const $ = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const steps = ROWS.map((row, i) => i).filter((i) => ROWS[i].kind !== "input"); // questions and results too
const numbered = steps.filter((i) => ROWS[i].kind === "step");
const state = { mode: "forward", direction: 0, at: 0 };

// -- numbers -----------------------------------------------------------------------------------

function show(x) {
  if (typeof x === "string") return x;
  if (typeof x === "boolean") return x ? "yes" : "no";
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x < 0 ? "−∞" : "∞";
  const short = (text) => (text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text);
  if (x === 0 || (Math.abs(x) >= 1e-3 && Math.abs(x) < 1e6)) {
    const text = short(x.toFixed(4));
    return text === "-0" ? "0" : text.replace("-", "−");
  }
  const [mantissa, exponent] = x.toExponential(4).split("e");
  return `${short(mantissa)}e${exponent.replace("+", "")}`.replaceAll("-", "−");
}

// A formula with numbers: its variables stand as ⟦mark|row⟧.
function filled(template, numbers) {
  return template.replace(/⟦(\w*)\|(\d+)⟧/g, (variable, mark, row, place) => {
    const text = show(numbers[mark || "value"][row]);
    const rest = template.slice(place + variable.length);
    const isFirst = place === 0 && (rest === "" || /^ [+−] /.test(rest));
    return text.startsWith("−") && !isFirst ? `(${text})` : text;
  });
}

function calculate() {
  const value = [], slopes = [], tangent = [], adjoint = ROWS.map(() => 0);
  const numbers = { value, dot: tangent, bar: adjoint };
  let other = -1; // the first row at which the function would go another way
  const arg = (a) => ("row" in a ? value[a.row] : a.number);
  ROWS.forEach((row, i) => {
    const args = row.args.map(arg);
    slopes[i] = new Map();
    if (row.kind === "input") value[i] = row.now;
    else if (row.kind === "output") value[i] = args[0];
    else if (row.kind === "branch") {
      const [a, b] = args;
      const answers = { "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a === b, "!=": a !== b };
      value[i] = answers[row.sign];
      if (value[i] !== row.value && other < 0) other = i;
    } else {
      value[i] = VALUE[row.rule](...args);
      if (row.raises && other < 0 && !Number.isFinite(value[i]) && args.every(Number.isFinite)) other = i;
    }
    if (row.kind === "step" || row.kind === "output") {
      row.args.forEach((a, k) => {
        if (!("row" in a)) return;
        const slope = row.kind === "output" ? 1 : SLOPES[row.rule][k](...args, value[i]);
        slopes[i].set(a.row, (slopes[i].get(a.row) ?? 0) + slope);
      });
    }
    tangent[i] = row.kind === "input" ? Number(row.direction === state.direction) : 0;
    for (const [j, slope] of slopes[i]) if (tangent[j] !== 0) tangent[i] += slope * tangent[j];
  });
  ROWS.forEach((row, i) => {
    if (Number.isNaN(value[i])) tangent[i] = NaN; // what is not a number has no derivatives
    if (row.kind !== "branch") row.tangentNumbers = filled(row.tangentTemplate, numbers);
    row.valueNumbers = filled(row.template, numbers);
  });
  if (other >= 0) ROWS.forEach((row, i) => { // nothing is known of what the function does instead
    adjoint[i] = "";
    for (const share of row.shares) share.numbers = share.shown = "";
    if (i < other || (i === other && row.kind === "branch")) return;
    value[i] = tangent[i] = "";
    for (const j of slopes[i].keys()) slopes[i].set(j, "");
  });
  else sweep(numbers, slopes);
  return { value, tangent, adjoint, slopes, other };
}

// The adjoints, back from the result.
function sweep(numbers, slopes) {
  const adjoint = numbers.bar, output = state.mode === "reverse" ? state.direction : 0;
  const of = ROWS.findIndex((row) => row.output === output), isMissing = Number.isNaN(numbers.value[of]);
  for (let i = ROWS.length - 1; i >= 0; i--) {
    const row = ROWS[i];
    if (i === of) adjoint[i] = isMissing ? NaN : 1;
    for (const share of row.shares) {
      const slope = slopes[i].get(share.row); // zeros are stronger than infinities
      share.numbers = filled(share.template, numbers);
      if (adjoint[i] !== 0 && slope !== 0) adjoint[share.row] += adjoint[i] * slope;
      share.shown = adjoint[share.row];
    }
  }
  if (isMissing) ROWS.forEach((row, i) => { // what is not a number has no derivatives
    adjoint[i] = NaN;
    for (const share of row.shares) share.shown = NaN;
  });
}

// The numbers that the page was made with.
function unchanged() {
  const d = state.direction;
  for (const row of ROWS) for (const share of row.shares) share.shown = share.values[d] ?? "";
  return {
    value: ROWS.map((row) => row.value),
    tangent: ROWS.map((row) => row.tangents[d] ?? ""),
    adjoint: ROWS.map((row) => row.adjoints[d] ?? ""),
    slopes: ROWS.map((row) => new Map(row.slopes)),
    other: -1,
  };
}

// -- what is seen ------------------------------------------------------------------------------

// Position p of reverse mode: up to steps.length forward, then back over them.
const last = () => (state.mode === "forward" ? steps.length : 2 * steps.length);
const forwardEnd = () => (state.at > steps.length ? steps.length : state.at);
const backStart = () => steps.length - Math.max(0, state.at - steps.length);

function draw() {
  const numbers = LIVE ? calculate() : unchanged();
  const reverse = state.mode === "reverse";
  const done = new Set(steps.slice(0, forwardEnd()));
  const swept = new Set(reverse ? steps.slice(backStart()) : []);
  const returning = state.at > steps.length;
  const now = state.at === 0 ? -1 : returning ? steps[backStart()] : steps[state.at - 1];
  $("page").className = state.mode;
  ROWS.forEach((row, i) => {
    const seen = row.kind === "input" || done.has(i);
    const tr = document.querySelector(`tr[data-row="${i}"]`);
    const names = [i === now && "now", !seen && "later", isLost(i, numbers) && "lost"];
    tr.className = [row.kind, ...names, i === numbers.other && "other"].filter(Boolean).join(" ");
    const put = (part, text) => { const cell = tr.querySelector(part); if (cell) cell.textContent = text; };
    put("[data-value]", show(numbers.value[i]));
    put("[data-tangent]", show(numbers.tangent[i]));
    const arrived = swept.size > 0 && (row.kind === "input" ? swept.size === steps.length : swept.has(i));
    put("[data-adjoint]", show(numbers.adjoint[i]));
    tr.querySelector("[data-adjoint]")?.classList.toggle("waiting", !arrived);
    row.shares.forEach((share, k) => {
      const line = tr.querySelector(`[data-share="${k}"]`);
      line.classList.toggle("waiting", !swept.has(i));
      line.querySelector("[data-number]").textContent = show(share.shown);
    });
    const box = document.querySelector(`svg g[data-row="${CSS.escape(row.name)}"]`);
    if (box) {
      box.setAttribute("class", [row.kind, ...names].filter(Boolean).join(" "));
      box.querySelector(".value").textContent = show(numbers.value[i]);
      const dot = box.querySelector(".dot");
      const [mark, number] = reverse ? [row.bar, numbers.adjoint[i]] : [row.dot, numbers.tangent[i]];
      dot.textContent = number === "" ? "" : `${mark} = ${show(number)}`;
      dot.classList.toggle("waiting", reverse && !arrived);
    }
    for (const [j, slope] of numbers.slopes[i]) {
      const label = document.querySelector(`svg [data-edge="${CSS.escape(`${ROWS[j].name}>${row.name}`)}"]`);
      if (label) {
        label.textContent = show(slope);
        label.classList.toggle("later", !seen);
      }
    }
  });
  // Not disabled: a button that is would lose the focus.
  for (const id of ["first", "back"]) $(id).setAttribute("aria-disabled", state.at === 0);
  for (const id of ["next", "end"]) $(id).setAttribute("aria-disabled", state.at === last());
  $("status").textContent = told(now, returning, numbers);
  const note = numbers.other < 0 ? "" : whyLost(ROWS[numbers.other], numbers.value[numbers.other]);
  if ($("note").textContent !== note) $("note").textContent = note; // what is written is announced
  const what = reverse ? "Reverse mode, derivatives" : "Forward mode, derivative";
  const inputs = ROWS.map((row, i) => i).filter((i) => ROWS[i].kind === "input");
  const point = inputs.map((i) => `${ROWS[i].label} = ${show(numbers.value[i])}`).join(", ");
  const gradient = inputs.map((i) => `${ROWS[i].bar} = ${show(numbers.adjoint[i])}`).join(", ");
  $("printed").textContent = `${what} ${$("direction").selectedOptions[0].text}, at ${point}. ` +
    ROWS.map((row, i) => i).filter((i) => ROWS[i].kind === "output").map((i) => told(i, false, numbers)).join(" ") +
    (reverse && numbers.other < 0 ? ` ${gradient}.` : "");
  for (const line of all("[data-line]")) {
    const row = ROWS[now] ?? {};
    line.classList.toggle("now", Number(line.dataset.line) === row.line && line.textContent.includes(row.source));
  }
  document.querySelector("svg desc").textContent = described();
}

// The graph in words, as graph.py has it: what is seen of each box, and the slopes that come in.
function described() {
  const isSeen = (x) => x.textContent && getComputedStyle(x).visibility === "visible";
  const slopes = all("svg [data-edge]").filter(isSeen);
  return all("svg g[data-row]").map((box) => {
    const texts = [...box.querySelectorAll("text")].filter(isSeen).map((x) => x.textContent).join(", ");
    const ways = slopes.map((x) => [...x.dataset.edge.split(">"), x.textContent]);
    const incoming = ways.filter((way) => way[1] === box.dataset.row).map((way) => `${way[0]}: ${way[2]}`);
    return texts + (incoming.length ? ` (slopes ${incoming.join(", ")})` : "");
  }).join("; ");
}

function whyLost(row, value) {
  return row.kind === "branch"
    ? `At these inputs ${row.text} is ${value}: the function would take a different path, so the steps ` +
      "below do not apply."
    : `At these inputs ${row.name} = ${row.text} has no finite value: Python raises an exception there, or ` +
      "goes on with a complex number, so the steps below do not apply.";
}

// Whether a row comes after a question that has another answer at these inputs.
function isLost(i, numbers) {
  return numbers.other >= 0 && (i > numbers.other || (i === numbers.other && ROWS[i].kind !== "branch"));
}

function told(i, returning, numbers) {
  const many = `${numbered.length} step${numbered.length === 1 ? "" : "s"}`;
  const there = state.mode === "reverse" ? `${many} forward and ${many} back` : many;
  if (i < 0) return `The inputs. ${there} to go: press → or ▶.`;
  if (isLost(i, numbers) || (returning && numbers.other >= 0)) return "Not known at these inputs.";
  const row = ROWS[i], place = (word) => `${word} ${numbered.indexOf(i) + 1} of ${numbered.length}: `;
  const equation = (parts) => parts.filter((part, k) => part && part !== parts[k - 1]).join(" = ");
  if (row.kind === "branch") {
    return returning ? "A comparison passes nothing back." : `Is ${row.text}? ${show(numbers.value[i])}.`;
  }
  if (returning) {
    const from = row.kind === "output" ? `Back from ${row.name}: ` : `Back through ${place("step")}`;
    const lines = row.shares.map((s) => `${s.whose} ← ${equation([s.text, LIVE && s.numbers, show(s.shown)])}`);
    return from + (lines.length ? lines.join("; ") : `${row.name} passes nothing back`) + ".";
  }
  const value = equation([row.name, row.text, LIVE && row.valueNumbers, show(numbers.value[i])]);
  const count = row.kind === "output" ? "The result: " : place("Step");
  if (state.mode === "reverse") return `${count}${value}.`;
  const dot = equation([row.dot, row.tangentText, LIVE && row.tangentNumbers, show(numbers.tangent[i])]);
  return `${count}${value}; ${dot}.`;
}

// -- what is done ------------------------------------------------------------------------------

function go(to) {
  state.at = Math.max(0, Math.min(last(), to));
  draw();
}

function walk(to) {
  go(to);
  const what = document.querySelector("tr.now [data-share]:not(.waiting)") ?? document.querySelector("tr.now th");
  for (const now of [...all("tr.now, svg g.now"), what]) now?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function choose() {
  state.mode = $("mode").value;
  const names = state.mode === "forward" ? DIRECTIONS : OUTPUTS;
  $("direction").replaceChildren(...names.map((name, k) => new Option(name, k)));
  state.direction = 0;
}

$("first").onclick = () => walk(0);
$("back").onclick = () => walk(state.at - 1);
$("next").onclick = () => walk(state.at + 1);
$("end").onclick = () => walk(last());
$("mode").onchange = () => { choose(); go(state.at); }; // the steps forward are the same
$("direction").onchange = () => { state.direction = Number($("direction").value); draw(); };
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target.closest?.("input, select")) return; // these have keys of their own
  const to = { ArrowRight: state.at + 1, ArrowLeft: state.at - 1, Home: 0, End: last() }[event.key];
  if (to === undefined || scrolls(event.target.closest?.(".scrolls, pre"), event.key)) return;
  event.preventDefault();
  walk(to);
});
// Whether a box that has the focus scrolls by a key.
function scrolls(box, key) {
  if (!box) return false;
  return key.startsWith("Arrow") ? box.scrollWidth > box.clientWidth + 1 : box.scrollHeight > box.clientHeight + 1;
}
for (const slider of all(".sliders input")) {
  slider.oninput = () => {
    const row = ROWS[slider.dataset.input], places = Math.ceil(-Math.log10((slider.max - slider.min) / 1000));
    const isDragged = slider.type === "range"; // to as many digits as a pixel is worth
    const x = isDragged ? Number(Number(slider.value).toFixed(Math.max(0, places))) : Number(slider.value);
    if (slider.value === "" || !Number.isFinite(x)) return;
    row.now = x;
    for (const twin of all(`[data-input="${slider.dataset.input}"]`)) if (twin !== slider) twin.value = x;
    draw();
  };
}
// What does not fit fades out at the side where there is more of it.
function fade() {
  for (const box of all(".scrolls")) {
    const room = box.scrollWidth - box.clientWidth;
    box.classList.toggle("left", room > 1 && box.scrollLeft > 1);
    box.classList.toggle("right", room > 1 && box.scrollLeft < room - 1);
  }
}
for (const box of all(".scrolls")) box.addEventListener("scroll", fade, { passive: true });
new ResizeObserver(() => requestAnimationFrame(fade)).observe($("page"));
choose();
go(0);
