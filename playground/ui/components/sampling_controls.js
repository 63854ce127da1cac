// ----------------------------------------------------------------------------------------------------------- the controls

const range = (from, to, step) => Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => +(from + i * step).toFixed(6));

function topKStops(vocabulary) {
  const stops = range(1, Math.min(20, vocabulary), 1);
  for (let k = 21; k < vocabulary; k = Math.max(k + 1, Math.round(k * 1.05))) stops.push(k);
  if (vocabulary > 20) stops.push(vocabulary);
  return stops;
}

const heat = (t) => (t === 0 ? "greedy: the most probable token" : t < 1 ? "sharpens: the likely grow likelier" : t > 1 ? "flattens: the unlikely get a chance" : "the model's own distribution");
const shares = () => [...range(0, 0.89, 0.01), ...range(0.9, 0.995, 0.005), 0.999, 1];
const showShare = (v) => fixed(v, v > 0.9 && v < 1 ? 3 : 2);

// `rare` ones are folded away until one of them is on.
const CONTROLS = [
  { name: "temperature", label: "Temperature", rule: heat, start: 1, stops: () => range(0, 5, 0.01), show: (v) => fixed(v, 2) },
  { name: "top_k", label: "Top-k", rule: "would keep the k most probable", start: 50, stops: topKStops, show: (v) => count(v) },
  { name: "top_p", label: "Top-p", rule: "would keep the smallest set reaching p", start: 0.9, stops: shares, show: showShare },
  { name: "min_p", label: "Min-p", rule: "would keep p ≥ min-p × the highest p", start: 0.05, stops: () => [0, 0.001, 0.002, 0.005, ...range(0.01, 0.2, 0.005), ...range(0.21, 1, 0.01)], show: (v) => fixed(v, 3) },
  { name: "typical_p", label: "Typical-p", rule: "would keep what is about as surprising as expected", start: 0.9, stops: () => shares().slice(1), show: showShare, rare: true },
  { name: "repetition_penalty", label: "Repetition penalty", rule: "would make tokens of the prompt less likely", start: 1.2, stops: () => range(0.5, 2, 0.01), show: (v) => fixed(v, 2), rare: true },
];
const BY_NAME = Object.fromEntries(CONTROLS.map((control) => [control.name, control]));

const nearest = (stops, value) => stops.reduce((best, stop, i) => (Math.abs(stop - value) < Math.abs(stops[best] - value) ? i : best), 0);

/** Sliders with a switch each; a control that is off remembers its value. `moved(name)` while, `released()` after. */
class Controls {
  constructor(root, vocabulary, moved, released) {
    this.values = {}; // by name: {on, value}
    this.more = root.querySelector(".more");
    root.querySelectorAll("div.control").forEach((old) => old.remove());
    this.all = CONTROLS.map((spec) => this.build(root, spec, spec.stops(vocabulary), moved, released));
  }

  build(root, spec, stops, moved, released) {
    const box = root.querySelector("template.control").content.cloneNode(true).firstElementChild;
    const part = (name) => box.querySelector(`.${name}`);
    const control = { ...spec, box, stops, slider: part("slider"), toggle: part("switch"), value: part("value"), effect: part("effect") };
    part("name").textContent = spec.label;
    part("name").htmlFor = control.slider.id = `${spec.name}-slider`;
    control.toggle.setAttribute("aria-label", `${spec.label} on`);
    control.slider.max = stops.length - 1;
    control.slider.oninput = () => {
      this.values[spec.name] = { on: true, value: stops[+control.slider.value] };
      this.show(control);
      moved();
    };
    control.slider.onchange = released;
    control.toggle.onchange = () => {
      this.values[spec.name].on = control.toggle.checked;
      this.show(control);
      moved();
      released();
    };
    this.values[spec.name] = { on: spec.name === "temperature", value: Math.min(spec.start, Math.max(...stops)) };
    (spec.rare ? this.more : this.more.parentElement).insertBefore(box, spec.rare ? null : this.more);
    return control;
  }

  /** What a link says; `resting`: the values of those that are off, as they were left. */
  adopt(settings, resting) {
    for (const control of this.all) {
      const { name } = control;
      const neutral = settings[name] === NEUTRAL[name];
      if (!neutral || name === "temperature") this.values[name] = { on: true, value: settings[name] };
      else this.values[name] = { on: false, value: resting[name] ?? this.values[name].value };
      this.show(control);
    }
    this.more.open ||= this.all.some(({ name, rare }) => rare && this.values[name].on);
  }

  show(control) {
    const { on, value } = this.values[control.name];
    const shown = control.show(value);
    control.slider.value = nearest(control.stops, value);
    control.toggle.checked = on;
    control.box.classList.toggle("off", !on);
    setText(control.value, on ? shown : "off");
    control.slider.setAttribute("aria-valuetext", on ? shown : `off, ${shown}`);
    control.slider.style.setProperty("--fill", `${(100 * control.slider.value) / control.slider.max}%`);
  }

  get settings() {
    return Object.fromEntries(this.all.map(({ name }) => [name, this.values[name].on ? this.values[name].value : NEUTRAL[name]]));
  }

  get resting() {
    return Object.fromEntries(this.all.filter(({ name }) => !this.values[name].on).map(({ name }) => [name, this.values[name].value]));
  }

  /** Under each slider: what it did. */
  tell(stages, greedy) {
    const by = Object.fromEntries(stages.map((stage) => [stage.name, stage]));
    for (const { name, rule, effect } of this.all) {
      const { on, value } = this.values[name];
      if (name === "temperature") setText(effect, rule(on ? value : 1));
      else if (!on) setText(effect, rule);
      else setText(effect, did(by[name], greedy));
    }
  }
}

/** What a step did, in a few words; none where it was not run. */
function did(stage, greedy) {
  if (!stage) return greedy ? "greedy: nothing left to cut" : "cuts nothing";
  if (stage.name === "repetition_penalty" || stage.name === "temperature") return stage.moved ? `moves ${percent(stage.moved)} between tokens` : "moves nothing";
  return stage.tokens ? `cuts ${tokens(stage.tokens)} · ${percent(stage.mass)}` : "cuts nothing";
}
