// The next-token distribution, recomputed over the whole vocabulary while a slider moves.
//
// This component's own data is the payload: the logits, as bytes, the same from rerun to rerun until the prompt
// changes, so that they travel once. What changes with every rerun (settings of a link, the draw) comes as a few
// hundred bytes of JSON through a component that draws nothing (sampling_state.js). Nothing is sent while dragging;
// the release sends the settings to Python. The arithmetic is that of playground/core/sampling.py.

const STATE = "llm-playground-sampling-state"; // the event of sampling_state.js, and where it leaves the last state
const ROWS = 20;
const SEND_AFTER_MS = 150; // a held arrow key changes the slider many times a second

export default function (component) {
  const root = component.parentElement.querySelector(".sampler");
  root.sampler ??= new Sampler(root);
  root.sampler.connect(component);
  return () => root.sampler.end();
}

/** uint32 length, JSON {signature, tokens}, padding to four bytes, float32 logits from the highest down. */
function parse(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const start = 4 + Math.ceil(length / 4) * 4;
  const logits = new Float64Array((bytes.byteLength - start) / 4);
  for (let i = 0; i < logits.length; i++) logits[i] = view.getFloat32(start + 4 * i, true);
  return { ...head, logits, before: distribution(logits, NEUTRAL) };
}

// ------------------------------------------------------------- the arithmetic

const UNTOLD = { text: "", control: false, glyphs: [["text", "…"]] }; // a rare token while dragging: Python names it after
const NEUTRAL = { temperature: 1, top_k: 0, top_p: 1, min_p: 0 };

/**
 * The distribution after the settings. Logits come sorted, so every cut keeps a prefix: `kept` says how long.
 * `stages` is what each cut removed; its mass is a share of the tempered distribution, before any cut.
 */
function distribution(logits, { temperature, top_k, top_p, min_p }, into) {
  const n = logits.length;
  const weight = into ?? new Float64Array(n);
  const divisor = temperature > 0 ? temperature : 1;
  let total = 0;
  for (let i = 0; i < n; i++) total += weight[i] = Math.exp((logits[i] - logits[0]) / divisor);
  let kept = n;
  while (logits[kept - 1] === -Infinity) kept--;
  const stages = {};
  const cut = (name, left) => {
    stages[name] = { tokens: kept - left, mass: sum(weight, left, kept) / total };
    kept = left;
  };
  if (temperature === 0) cut("greedy", 1);
  else {
    if (top_k > 0) {
      let left = Math.min(top_k, kept);
      while (left < kept && (logits[left] - logits[0]) / divisor === (logits[left - 1] - logits[0]) / divisor) left++;
      cut("top_k", left);
    }
    if (top_p < 1) {
      const mass = sum(weight, 0, kept);
      let left = kept;
      for (let below = weight[left - 1] / mass; left > 1 && below <= 1 - top_p; below += weight[left - 1] / mass) left--;
      cut("top_p", left);
    }
    if (min_p > 0) {
      const mass = sum(weight, 0, kept);
      const threshold = min_p * (weight[0] / mass);
      let left = kept;
      while (left > 1 && weight[left - 1] / mass < threshold) left--;
      cut("min_p", left);
    }
  }
  const keptWeight = sum(weight, 0, kept);
  let entropy = 0;
  for (let i = 0; i < kept; i++) {
    const p = weight[i] / keptWeight;
    if (p > 0) entropy -= p * Math.log2(p);
  }
  const p = (i) => (i < kept ? weight[i] / keptWeight : 0);
  const mass = (from) => (from < kept ? sum(weight, from, kept) / keptWeight : 0);
  return { n, kept, entropy: Math.abs(entropy), keptMass: keptWeight / total, stages, p, mass };
}

function sum(values, from, to) {
  let total = 0;
  for (let i = from; i < to; i++) total += values[i];
  return total;
}

/** The rank under `u` when tokens are laid end to end from the most probable (inverse CDF). */
function drawRank(result, u) {
  let end = 0;
  for (let i = 0; i < result.kept; i++) end += result.p(i);
  const target = u * end;
  end = 0;
  for (let i = 0; i < result.kept; i++) if ((end += result.p(i)) > target) return i;
  return result.kept - 1;
}

// --------------------------------------------------------------- the controls

const range = (from, to, step) => Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => +(from + i * step).toFixed(6));

function topKStops(vocabulary) {
  const stops = range(1, Math.min(20, vocabulary), 1);
  for (let k = 21; k < vocabulary; k = Math.max(k + 1, Math.round(k * 1.05))) stops.push(k);
  if (vocabulary > 20) stops.push(vocabulary);
  return stops;
}

const heat = (t) => (t === 0 ? "greedy: the most probable token" : t < 1 ? "sharpens: the likely grow likelier" : t > 1 ? "flattens: the unlikely get a chance" : "the model's own distribution");

const CONTROLS = [
  { name: "temperature", label: "Temperature", rule: heat, off: 1, start: 1, stops: () => range(0, 5, 0.01), show: (v) => fixed(v, 2) },
  { name: "top_k", label: "Top-k", rule: "would keep the k most probable", off: 0, start: 50, stops: topKStops, show: (v) => count(v) },
  { name: "top_p", label: "Top-p", rule: "would keep the smallest set reaching p", off: 1, start: 0.9, stops: () => [...range(0, 0.89, 0.01), ...range(0.9, 0.995, 0.005), 0.999, 1], show: (v) => fixed(v, v > 0.9 && v < 1 ? 3 : 2) },
  { name: "min_p", label: "Min-p", rule: "would keep p ≥ min-p × the highest p", off: 0, start: 0.05, stops: () => [0, 0.001, 0.002, 0.005, ...range(0.01, 0.2, 0.005), ...range(0.21, 1, 0.01)], show: (v) => fixed(v, 3) },
];

const nearest = (stops, value) => stops.reduce((best, stop, i) => (Math.abs(stop - value) < Math.abs(stops[best] - value) ? i : best), 0);

// ------------------------------------------------------------------ the words

const count = (n) => n.toLocaleString("en-US");
const fixed = (v, digits) => (v > 0 && v < 10 ** -digits ? v.toExponential(0) : v.toFixed(digits).replace(/(\.\d\d)0$/, "$1"));

/** Three digits or so, at any size: 77.1 %, 0.24 %, 0.0042 %, 3·10⁻⁷ %. */
function percent(p) {
  const v = 100 * p;
  if (p === 0) return "0 %";
  if (v > 99.95 && p < 1) return "> 99.9 %";
  if (v >= 9.995) return `${v.toFixed(1)} %`;
  if (v >= 0.095) return `${v.toFixed(2)} %`;
  if (v >= 0.00095) return `${v.toPrecision(2)} %`;
  const [digit, power] = v.toExponential(0).split("e-");
  return `${digit}·10⁻${[...power].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]).join("")} %`;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A token's glyphs as spans: text goes in as text, never as markup. */
function writeToken(element, token) {
  const spans = token.glyphs.map(([kind, shown]) => {
    const span = document.createElement("span");
    span.className = kind.replace(" ", "-");
    span.textContent = shown;
    return span;
  });
  element.replaceChildren(...spans);
  element.classList.toggle("control-token", token.control);
}

const spoken = (token) => token.glyphs.map(([kind, shown]) => ({ space: "space ".repeat(shown.length), newline: "line end ", tab: "tab " })[kind] ?? shown).join("").trim();

// ---------------------------------------------------------------- the picture

class Sampler {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.values = {}; // by control: {on, value}
    this.onState = () => this.update();
    document.addEventListener(STATE, this.onState);
    this.find(".sample").onclick = () => this.setSeed(this.seed < this.data.seed_max ? this.seed + 1 : 0);
    this.find(".append").onclick = () => this.append(this.drawn);
    this.find(".seed input").onchange = (event) => this.setSeed(event.target.valueAsNumber);
    root.snapshot = () => this.snapshot(); // for tests: the numbers in the picture, unrounded
  }

  end() {
    this.flush();
    document.removeEventListener(STATE, this.onState);
    cancelAnimationFrame(this.frame);
  }

  /** Runs on every rerun that changes the payload or the theme. */
  connect({ data, setStateValue, setTriggerValue }) {
    this.send = setStateValue;
    this.trigger = setTriggerValue;
    if (this.bytes !== data) {
      this.bytes = data;
      this.payload = parse(data);
      this.scratch = new Float64Array(this.payload.logits.length);
      this.buildRows();
      if (this.vocabulary !== this.payload.logits.length) this.buildControls(this.payload.logits.length);
    }
    this.update();
  }

  /** What Python says after a rerun; the sliders follow only when it opened a link (`epoch`), never mid-drag. */
  update() {
    const state = window[STATE];
    if (!this.payload || state?.signature !== this.payload.signature) return; // the other half is on its way
    this.data = state;
    if (this.epoch !== state.epoch) {
      this.epoch = state.epoch;
      clearTimeout(this.timer);
      this.timer = 0;
      this.adoptSettings(state.settings);
      this.seed = state.seed;
    }
    this.root.classList.add("ready");
    this.paint();
  }

  // -- controls

  buildControls(vocabulary) {
    this.vocabulary = vocabulary;
    this.epoch = undefined; // fresh controls: adopt the state again
    const template = this.find("template.control");
    this.root.querySelectorAll("div.control").forEach((old) => old.remove());
    this.controls = CONTROLS.map((spec) => {
      const box = template.content.cloneNode(true).firstElementChild;
      const part = (name) => box.querySelector(`.${name}`);
      const control = { ...spec, box, stops: spec.stops(vocabulary), slider: part("slider"), toggle: part("switch"), value: part("value"), effect: part("effect") };
      part("name").textContent = spec.label;
      part("name").htmlFor = control.slider.id = `${spec.name}-slider`;
      control.toggle.setAttribute("aria-label", `${spec.label} on`);
      control.slider.max = control.stops.length - 1;
      control.slider.oninput = () => this.move(control);
      control.slider.onchange = () => this.later();
      control.toggle.onchange = () => {
        this.values[spec.name].on = control.toggle.checked;
        this.showControl(control);
        this.dirty();
        this.later();
      };
      this.values[spec.name] = { on: spec.name === "temperature", value: Math.min(spec.start, Math.max(...control.stops)) };
      template.parentElement.append(box);
      return control;
    });
  }

  move(control) {
    this.values[control.name] = { on: true, value: control.stops[+control.slider.value] };
    this.showControl(control);
    this.dirty();
  }

  adoptSettings(settings) {
    for (const control of this.controls) {
      const value = settings[control.name];
      const neutral = value === control.off;
      if (!neutral || control.name === "temperature") this.values[control.name] = { on: true, value };
      else this.values[control.name].on = false;
      control.slider.value = nearest(control.stops, this.values[control.name].value);
      this.showControl(control);
    }
  }

  showControl(control) {
    const { on, value } = this.values[control.name];
    const shown = control.show(value);
    control.toggle.checked = on;
    control.box.classList.toggle("off", !on);
    setText(control.value, on ? shown : "off");
    control.slider.setAttribute("aria-valuetext", on ? shown : `off, ${shown}`);
    control.slider.style.setProperty("--fill", `${(100 * control.slider.value) / control.slider.max}%`);
  }

  get settings() {
    return Object.fromEntries(this.controls.map(({ name, off }) => [name, this.values[name].on ? this.values[name].value : off]));
  }

  // -- to Python

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.sendNow(), SEND_AFTER_MS);
  }

  flush() {
    if (this.timer) this.sendNow();
  }

  sendNow() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.send("settings", { ...this.settings, seed: this.seed });
  }

  setSeed(seed) {
    this.seed = Math.min(Math.max(Math.round(seed) || 0, 0), this.data.seed_max);
    this.find(".seed input").value = this.seed;
    this.sendNow(); // Python answers with the seed's number: it holds the generator
  }

  append(token) {
    if (!token?.text) return;
    this.flush();
    this.trigger("append", { id: token.id, signature: this.payload.signature });
  }

  // -- painting

  buildRows() {
    const rows = this.payload.tokens.slice(0, ROWS).map((token, rank) => {
      const row = document.createElement("li");
      const button = document.createElement("button");
      const element = (name, parent, tag = "span") => {
        const made = document.createElement(tag);
        made.className = name;
        parent.append(made);
        return made;
      };
      button.type = "button";
      button.className = "row";
      button.disabled = !token.text;
      button.title = token.text ? "Click to append this token" : token.control ? "A control token: it is not text" : "Part of a character: it can't stand in the text alone";
      button.onclick = () => this.append(token);
      const label = element("label", button);
      writeToken(element("token", label), token);
      const cells = [0, 1].map(() => {
        const cell = element("cell", button);
        const track = element("track", cell);
        return { bar: element("bar", track, "i"), tick: element("tick", track, "i"), percent: element("percent", cell) };
      });
      row.append(button);
      return { row, button, cells, rank, token };
    });
    this.rows = rows;
    this.find(".rows").replaceChildren(...rows.map(({ row }) => row));
    const segments = rows.map(() => document.createElement("i"));
    segments.push(document.createElement("i"));
    segments.at(-1).className = "rest";
    this.find(".segments").replaceChildren(...segments);
    this.segments = segments;
  }

  dirty() {
    this.frame ||= requestAnimationFrame(() => this.paint());
  }

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (!this.data) return;
    const { before, logits } = this.payload;
    const after = (this.after = distribution(logits, this.settings, this.scratch));
    const scale = Math.max(before.p(0), after.p(0));
    for (const { button, cells, rank } of this.rows) {
      const [was, is] = [before.p(rank), after.p(rank)];
      const cut = rank >= after.kept;
      button.classList.toggle("cut", cut);
      cells[0].bar.style.width = `${(100 * was) / scale}%`;
      cells[1].bar.style.width = `${(100 * is) / scale}%`;
      cells[1].tick.style.left = `${(100 * was) / scale}%`;
      cells[1].tick.hidden = cut || Math.abs(is - was) < 0.02 * scale;
      setText(cells[0].percent, percent(was));
      setText(cells[1].percent, cut ? "cut" : percent(is));
    }
    this.paintOthers(before, after);
    setText(this.find(".scale"), `Full width of a token's bar: ${percent(scale)}; of the other tokens' bar: 100 %. A mark in “after”: where “before” ended.`);
    this.paintFigures(before, after);
    this.paintDraw(after);
    clearTimeout(this.restTimer);
    this.restTimer = setTimeout(() => this.rest(), 300);
  }

  paintOthers(before, after) {
    const shown = this.rows.length;
    const [was, is] = this.root.querySelectorAll(".others .cell");
    const keptPart = shown < after.kept ? before.mass(shown) - before.mass(after.kept) : 0;
    setText(this.find(".others .count"), count(before.n - shown));
    was.querySelector(".kept-part").style.width = `${100 * keptPart}%`;
    was.querySelector(".cut-part").style.width = `${100 * (before.mass(shown) - keptPart)}%`;
    is.querySelector(".kept-part").style.width = `${100 * after.mass(shown)}%`;
    setText(was.querySelector(".percent"), percent(before.mass(shown)));
    setText(is.querySelector(".percent"), after.kept <= shown ? "cut" : percent(after.mass(shown)));
    this.find(".others").classList.toggle("cut", after.kept <= shown);
  }

  paintFigures(before, after) {
    setText(this.find(".kept"), count(after.kept));
    setText(this.find(".kept-of"), `of ${count(after.n)}`);
    setText(this.find(".entropy"), `${after.entropy.toFixed(2)} bits`);
    setText(this.find(".entropy-of"), `before ${before.entropy.toFixed(2)}`);
    setText(this.find(".mass"), percent(after.keptMass));
    setText(this.find(".mass-of"), after.kept < before.kept ? `${count(before.kept - after.kept)} cut` : "nothing cut");
    for (const control of this.controls) setText(control.effect, this.effect(control, after.stages[control.name]));
  }

  effect({ name, rule }, stage) {
    const { temperature } = this.settings;
    if (name === "temperature") return rule(temperature);
    if (!this.values[name].on) return rule;
    if (temperature === 0) return "greedy: nothing left to cut";
    return stage?.tokens ? `cuts ${count(stage.tokens)} tokens · ${percent(stage.mass)}` : "cuts nothing";
  }

  paintDraw(after) {
    const { u, drawn: told } = this.data;
    const rank = drawRank(after, u);
    const shown = this.segments.length - 1;
    for (let i = 0; i < shown; i++) this.segments[i].style.width = `${100 * after.p(i)}%`;
    this.segments[shown].style.width = `${100 * after.mass(shown)}%`;
    this.find(".needle").style.left = `${100 * u}%`;
    setText(this.find(".u"), `u = ${u.toFixed(4)}`);
    const input = this.find(".seed input");
    if (this.root.getRootNode().activeElement !== input) input.value = this.seed;
    for (const row of this.rows) row.button.classList.toggle("drawn", row.rank === rank);
    this.segments.forEach((segment, i) => segment.classList.toggle("drawn", i === Math.min(rank, shown)));
    setText(this.find(".about"), `rank ${count(rank + 1)} · ${percent(this.payload.before.p(rank))} → ${percent(after.p(rank))}`);
    const drawn = this.payload.tokens[rank] ?? (told.rank === rank ? told : UNTOLD);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.find(".append").disabled = !drawn.text;
    for (const place of this.root.querySelectorAll(".draw .token")) writeToken(place, drawn);
  }

  /** After the movement: what a screen reader is told, too slow and too chatty for every frame. */
  rest() {
    const { after } = this;
    const { before } = this.payload;
    setText(this.find(".status"), `${count(after.kept)} tokens kept, entropy ${after.entropy.toFixed(2)} bits.`);
    for (const { button, rank: row, token } of this.rows)
      button.setAttribute("aria-label", `Append ${spoken(token)}: ${percent(before.p(row))} before, ${row < after.kept ? percent(after.p(row)) : "cut"} after`);
  }

  snapshot() {
    const { after, payload } = this;
    const { before } = payload;
    const shown = this.rows.length;
    const ranks = [...Array(shown).keys()];
    return {
      settings: this.settings,
      ids: this.rows.map(({ token }) => token.id),
      probability: ranks.map(before.p),
      adjusted: ranks.map(after.p),
      other_probability: before.mass(shown),
      other_adjusted: after.mass(shown),
      kept_tokens: after.kept,
      kept_mass: after.keptMass,
      entropy_bits: after.entropy,
      stages: after.stages,
      drawn_rank: drawRank(after, this.data.u),
      drawn_id: this.drawn.id,
    };
  }
}
