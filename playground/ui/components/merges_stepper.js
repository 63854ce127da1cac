// One word, step by step: the frames come ready from Python (figures/merges.py) and are set as text, never as markup.
// Playing and stepping happen here; Python is told where the reader stopped, so that the address can say it.

const PLAY_MS = 900;
const TELL_AFTER_MS = 400; // a dragged slider passes many steps

export default function (component) {
  const { parentElement, data } = component;
  let root = parentElement.querySelector(".stepper");
  if (!root) {
    root = element("section", "stepper");
    root.setAttribute("role", "group");
    parentElement.append(root);
    root.stepper = new Stepper(root);
  }
  root.stepper.connect(data, component.setTriggerValue);
  return () => root.stepper.end();
}

function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}

function button(name, text, label, onclick) {
  const made = element("button", name, text);
  made.type = "button";
  if (label) made.setAttribute("aria-label", label);
  made.onclick = onclick;
  return made;
}

function glyphNodes(glyphs) {
  return glyphs.map(([kind, shown]) => element(kind === "text" ? "span" : kind === "bytes" || kind === "code point" ? "code" : "i", "", shown));
}

class Stepper {
  constructor(root) {
    this.root = root;
    this.parts = element("div", "parts");
    this.say = element("p", "say");
    this.say.setAttribute("aria-live", "polite");
    this.why = element("p", "why");
    this.why.setAttribute("aria-live", "polite");
    this.back = button("", "◀", "Previous step", () => this.go(this.at - 1));
    this.play = button("play", "", "", () => (this.timer ? this.stop() : this.start()));
    this.next = button("", "▶▏", "Next step", () => this.go(this.at + 1));
    this.slider = element("input");
    this.slider.type = "range";
    this.slider.min = 0;
    this.slider.oninput = () => this.go(+this.slider.value);
    this.where = element("output");
    this.history = element("ol", "history");
    this.tried = element("div", "tried");
    const controls = element("div", "controls");
    controls.append(this.back, this.play, this.next, this.slider, this.where);
    root.append(this.parts, this.say, this.why, controls, this.history, this.tried);
  }

  connect(data, tell) {
    this.tell = tell;
    const fresh = this.signature !== data.signature || this.epoch !== data.epoch;
    Object.assign(this, { data, signature: data.signature, epoch: data.epoch });
    for (const [name, colour] of Object.entries(data.colours)) this.root.style.setProperty(`--${name}`, colour);
    this.root.setAttribute("aria-label", data.label);
    this.slider.setAttribute("aria-label", data.label);
    if (!fresh) return;
    this.stop();
    this.frames = data.frames;
    this.slider.max = this.frames.length - 1;
    this.buildHistory();
    this.show(Math.min(data.at, this.frames.length - 1));
  }

  buildHistory() {
    this.entries = [];
    let number = 0;
    this.frames.forEach((frame, at) => {
      if (!frame.did) return;
      const last = at === this.frames.length - 1;
      const item = element("li"), entry = button("", "", "", () => this.go(at));
      entry.append(element("small", "", last ? "" : `${++number}`), element("span", "", frame.did));
      item.append(entry);
      this.entries.push({ at, item, entry });
    });
    this.history.replaceChildren(...this.entries.map(({ item }) => item));
  }

  go(at) {
    this.stop();
    this.show(at);
    this.report();
  }

  report() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell("frame", this.at), TELL_AFTER_MS);
  }

  start() {
    if (this.at === this.frames.length - 1) this.show(0);
    this.timer = setInterval(() => {
      this.show(this.at + 1);
      if (this.at === this.frames.length - 1) this.stop(), this.report();
    }, Math.max(80, Math.min(PLAY_MS, 30000 / this.frames.length)));
    this.labels();
  }

  stop() {
    const played = this.timer;
    clearInterval(this.timer);
    this.timer = undefined;
    this.labels();
    if (played && this.frames) this.report();
  }

  /** Leaving the page: nobody is left to tell. */
  end() {
    clearInterval(this.timer);
    clearTimeout(this.telling);
  }

  labels() {
    if (!this.frames) return;
    const only = this.frames.length < 2;
    this.play.textContent = this.timer ? "❚❚ Stop" : "▶ Play";
    this.play.disabled = only;
    this.slider.disabled = only;
    this.back.disabled = this.at <= 0;
    this.next.disabled = this.at >= this.frames.length - 1;
    const count = this.frames.length - 1; // the last frame is no step: it shows the tokens
    this.where.textContent = this.at < count ? `${this.data.noun} ${this.at + 1} of ${count}` : "done";
    this.slider.value = this.at;
    this.slider.setAttribute("aria-valuetext", this.frames[this.at].say);
  }

  show(at) {
    this.at = Math.max(0, Math.min(at, this.frames.length - 1));
    const frame = this.frames[this.at];
    const nodes = [];
    frame.cells.forEach((cell, place) => {
      const box = element("div", `cell ${cell.kind}`), word = element("span");
      word.append(...glyphNodes(cell.glyphs));
      box.append(word);
      if (cell.under) box.append(element("span", "under", cell.under));
      nodes.push(box);
      const gap = frame.gaps[place];
      if (!gap) return;
      const link = button(`gap ${gap.kind.replace(" ", "-")}`, gap.shown, gap.why, () => this.explain(link, gap));
      link.title = gap.why;
      link.setAttribute("aria-pressed", "false");
      nodes.push(link);
    });
    this.parts.classList.toggle("cells-only", !frame.gaps.length);
    this.parts.replaceChildren(...nodes);
    this.say.textContent = frame.say;
    this.why.textContent = frame.gaps.length ? this.data.hint : "";
    const misses = (frame.tried ?? []).map((piece) => element("code", "", piece));
    this.tried.replaceChildren(...(misses.length ? [element("span", "", "Tried first, not in the vocabulary:"), ...misses] : []));
    for (const { at: there, entry } of this.entries) {
      entry.className = there > this.at ? "ahead" : "";
      if (there === this.at) entry.setAttribute("aria-current", "step");
      else entry.removeAttribute("aria-current");
    }
    this.labels();
  }

  explain(link, gap) {
    this.stop();
    for (const other of this.parts.querySelectorAll(".gap")) other.setAttribute("aria-pressed", String(other === link));
    this.why.textContent = gap.why;
  }
}
