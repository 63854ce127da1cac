// ------------------------------------------------------------------------------------------------------- the live sampler
//
// The next-token distribution, recomputed over the whole vocabulary while a slider moves. This component's own data is
// the payload: logits and ids, as bytes, the same from rerun to rerun until the prompt changes, so that they travel
// once. What changes with every rerun (settings of a link, the draw) comes as a few hundred bytes of JSON through a
// component that draws nothing (sampling_state.js). Nothing is sent while dragging; the release sends the settings.
// The other sampling_*.js stand before this file in one script (sampling.py joins them).

const STATE = "llm-playground-sampling-state"; // the event of sampling_state.js, and where it leaves the last state
const ROWS = 20;
const SEND_AFTER_MS = 150; // a held arrow key changes the slider many times a second
const UNTOLD = { text: "", control: false, glyphs: [["text", "…"]] }; // a rare token while dragging: Python names it after

export default function (component) {
  const root = component.parentElement.querySelector(".sampler");
  root.sampler ??= new Sampler(root);
  root.sampler.connect(component);
  return () => root.sampler.end();
}

/** uint32 length, JSON {signature, tokens, previous}, padding to four bytes, float32 logits from the highest down, int32 ids. */
function parse(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const start = 4 + Math.ceil(length / 4) * 4;
  const n = (bytes.byteLength - start) / 8;
  const scores = Float64Array.from({ length: n }, (_, i) => view.getFloat32(start + 4 * i, true));
  const ids = Int32Array.from({ length: n }, (_, i) => view.getInt32(start + 4 * (n + i), true));
  const base = ranking(scores, ids, head.previous);
  return { ...head, base, before: distribution(base, NEUTRAL), seen: firstOf(base, MISTAKEN_TOKENS) };
}

class Sampler {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.stores = { after: {}, other: {}, wrong: {} };
    this.options = { order: NEUTRAL.order, mistake: false, draws: false };
    this.curve = new Curve(root);
    this.onState = () => this.update();
    document.addEventListener(STATE, this.onState);
    this.find(".sample").onclick = () => this.setSeed(this.seed < this.data.seed_max ? this.seed + 1 : 0);
    this.find(".append").onclick = () => this.append(this.drawn);
    this.find(".seed input").onchange = (event) => this.setSeed(event.target.valueAsNumber);
    for (const name of ["mistake", "draws"]) this.find(`input.${name}`).onchange = (event) => this.choose({ [name]: event.target.checked });
    for (const radio of root.querySelectorAll(".orders input")) radio.onchange = () => this.choose({ order: radio.value });
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
      this.buildRows();
      if (this.vocabulary !== this.payload.before.n) {
        this.vocabulary = this.payload.before.n;
        this.epoch = undefined; // fresh controls: adopt the state again
        this.controls = new Controls(this.root, this.vocabulary, () => this.dirty(), () => this.later());
      }
    }
    this.update();
  }

  /** What Python says after a rerun; the sliders follow only when it opened a link (`epoch`), never mid-drag. */
  update() {
    const state = window[STATE];
    if (!this.payload || state?.signature !== this.payload.signature) return; // the other half is on its way
    this.data = state;
    this.numbers = state.numbers && Float64Array.from(state.numbers).sort();
    this.named = new Map([...this.payload.tokens.entries(), ...state.named.map((token) => [token.rank, token])]);
    if (this.epoch !== state.epoch) {
      this.epoch = state.epoch;
      clearTimeout(this.timer);
      this.timer = 0;
      this.controls.adopt(state.settings, state.resting);
      this.options = state.options;
      this.seed = state.seed;
      this.showOptions();
    }
    this.root.classList.add("ready");
    this.paint();
  }

  get settings() {
    return { ...this.controls.settings, order: this.options.order };
  }

  choose(option) {
    this.options = { ...this.options, ...option };
    this.showOptions();
    this.paint();
    this.sendNow();
  }

  showOptions() {
    const { order, mistake, draws } = this.options;
    for (const radio of this.root.querySelectorAll(".orders input")) radio.checked = radio.value === order;
    this.find("input.mistake").checked = mistake;
    this.find("input.draws").checked = draws;
    this.root.classList.toggle("mistaken", mistake);
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
    this.send("settings", { ...this.settings, ...this.options, seed: this.seed, resting: this.controls.resting });
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
    this.find(".rows").replaceChildren();
    this.rows = this.payload.tokens.slice(0, ROWS).map((token, rank) => {
      const button = add(add(this.find(".rows"), "li"), "button", "row");
      button.type = "button";
      button.disabled = !token.text;
      button.title = token.text ? "Click to append this token" : token.control ? "A control token: it is not text" : "Part of a character: it can't stand in the text alone";
      button.onclick = () => this.append(token);
      writeToken(add(add(button, "span", "label"), "span", "token"), token);
      const [was, is, wrong] = ["was", "is", "wrong"].map((name) => {
        const cell = add(button, "span", `cell ${name}`);
        const track = add(cell, "span", "track");
        return { bar: add(track, "i", "bar"), tick: add(track, "i", "tick"), percent: add(cell, "span", "percent") };
      });
      return { button, was, is, wrong, rank, token };
    });
    this.find(".segments").replaceChildren();
    this.segments = [...this.rows, null].map((row) => add(this.find(".segments"), "i", row ? "" : "rest"));
  }

  dirty() {
    this.frame ||= requestAnimationFrame(() => this.paint());
  }

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (!this.data) return;
    const { before, base, seen } = this.payload;
    const { settings, stores } = this;
    const after = (this.after = distribution(base, settings, stores.after));
    this.other = orderMatters(settings) ? distribution(base, { ...settings, order: OTHER[settings.order] }, stores.other) : after;
    this.wrong = this.options.mistake ? distribution(seen, settings, stores.wrong) : null;
    this.paintBars(before, after, this.wrong);
    this.paintFigures(before, after);
    this.paintDraw(before, after);
    paintChain(this.find(".steps"), settings, after);
    setText(this.find(".order-says"), orderSays(settings, after, this.other));
    if (this.wrong) setText(this.find(".mistake-says"), mistakeSays(before, after, this.wrong));
    const many = this.options.draws && this.numbers;
    this.root.classList.toggle("counted", Boolean(many));
    this.many = many ? paintMany(this.root, after, this.numbers, (place) => this.tokenAt(place)) : null;
    clearTimeout(this.restTimer);
    this.restTimer = setTimeout(() => this.rest(), 300);
  }

  paintBars(before, after, wrong) {
    const others = this.othersOf(before, after);
    const rest = wrong ? Math.max(1 - this.rows.reduce((shown, { rank }) => shown + wrong.of(rank), 0), 0) : 0;
    const scale = Math.max(before.of(0), after.of(0), wrong?.of(0) ?? 0, after.p(after.low), others.before, others.after, rest);
    for (const { button, was, is, wrong: third, rank } of this.rows) {
      const [p, q, w] = [before.of(rank), after.of(rank), wrong?.of(rank) ?? 0];
      const cut = !after.keeps(rank);
      button.classList.toggle("cut", cut);
      was.bar.style.width = `${(100 * p) / scale}%`;
      is.bar.style.width = `${(100 * q) / scale}%`;
      is.tick.style.left = `${(100 * p) / scale}%`;
      is.tick.hidden = cut || Math.abs(q - p) < 0.02 * scale;
      third.bar.style.width = `${(100 * w) / scale}%`;
      third.tick.style.left = `${(100 * q) / scale}%`;
      third.tick.hidden = Math.abs(w - q) < 0.02 * scale;
      setText(was.percent, percent(p));
      setText(is.percent, cut ? "cut" : percent(q));
      if (wrong) setText(third.percent, wrong.keeps(rank) ? percent(w) : "cut");
    }
    const part = (cell, bar, share) => (this.find(`.others .${cell} ${bar}`).style.width = `${(100 * share) / scale}%`);
    setText(this.find(".others .count"), count(before.n - this.rows.length));
    part("was", ".kept-part", others.kept);
    part("was", ".cut-part", others.before - others.kept);
    part("is", ".kept-part", others.after);
    setText(this.find(".others .was .percent"), percent(others.before));
    setText(this.find(".others .is .percent"), others.tokens ? percent(others.after) : "cut");
    if (wrong) {
      part("wrong", ".bar", rest);
      setText(this.find(".others .wrong .percent"), percent(rest));
    }
    this.find(".others").classList.toggle("cut", !others.tokens);
    setText(this.find(".scale"), `A bar's full width: ${percent(scale)}, the other tokens' too. A mark in “after”: where “before” ended${wrong ? "; in “top 50 only”: where “after” ended" : ""}.`);
  }

  /** The tokens without a row of their own: their mass before, the part of it that is kept, their mass after. */
  othersOf(before, after) {
    const found = { before: 0, kept: 0, after: 0, tokens: 0 };
    const { rankOf } = after.ranked;
    found.before = sum(before.weight, this.rows.length, before.high) / before.total;
    for (let place = after.low; place < after.high; place++) {
      if (rankOf[place] < this.rows.length) continue;
      found.kept += before.weight[rankOf[place]] / before.total;
      found.after += after.weight[place] / after.total;
      found.tokens++;
    }
    return found;
  }

  paintFigures(before, after) {
    setText(this.find(".kept"), count(after.kept));
    setText(this.find(".kept-of"), `of ${count(after.n)}`);
    setText(this.find(".entropy"), `${after.entropy.toFixed(2)} bits`);
    setText(this.find(".entropy-of"), `before ${before.entropy.toFixed(2)}`);
    setText(this.find(".mass"), percent(after.keptMass));
    const heated = this.settings.order === NEUTRAL.order && this.settings.temperature > 0 && this.settings.temperature !== 1;
    setText(this.find(".mass-of"), after.kept < before.kept ? `${count(before.kept - after.kept)} cut${heated ? ", heated first" : ""}` : "nothing cut");
    this.controls.tell(after.stages, this.settings.temperature === 0);
  }

  tokenAt(place) {
    return this.named.get(this.after.ranked.rankOf[place]) ?? UNTOLD;
  }

  paintDraw(before, after) {
    const { u } = this.data;
    const place = (this.place = drawnPlaces(after, [u])[0]);
    const rank = after.ranked.rankOf[place];
    const shown = this.segments.length - 1;
    const first = after.low + shown;
    this.segments.forEach((segment, i) => {
      segment.style.width = `${100 * (i < shown ? after.p(after.low + i) : first < after.high ? sum(after.weight, first, after.high) / after.total : 0)}%`;
      segment.classList.toggle("drawn", i < shown && i === place - after.low);
    });
    this.find(".strip").style.setProperty("--u", `${100 * u}%`);
    setText(this.find(".u"), `u = ${u.toFixed(4)}`);
    const input = this.find(".seed input");
    if (this.root.getRootNode().activeElement !== input) input.value = this.seed;
    for (const row of this.rows) row.button.classList.toggle("drawn", row.rank === rank);
    setText(this.find(".about"), `rank ${count(rank + 1)} · ${percent(before.of(rank))} → ${percent(after.p(place))}`);
    this.drawn = this.tokenAt(place);
    this.find(".append").disabled = !this.drawn.text;
    for (const shownAt of this.root.querySelectorAll(".draw .token")) writeToken(shownAt, this.drawn);
    this.curve.paint(this.settings, after, place, u, this.drawn);
    setText(this.find(".why"), whySays(after, place, u));
  }

  /** After the movement: what a screen reader is told, too slow and too chatty for every frame. */
  rest() {
    const { after } = this;
    const { before } = this.payload;
    setText(this.find(".status"), `${tokens(after.kept)} kept, entropy ${after.entropy.toFixed(2)} bits.`);
    for (const { button, rank, token } of this.rows)
      button.setAttribute("aria-label", `Append ${spoken(token)}: ${percent(before.of(rank))} before, ${after.keeps(rank) ? percent(after.of(rank)) : "cut"} after`);
  }

  snapshot() {
    const { after, payload } = this;
    const others = this.othersOf(payload.before, after);
    const of = (made) => this.rows.map(({ rank }) => made.of(rank));
    return {
      settings: this.settings,
      options: this.options,
      ids: this.rows.map(({ token }) => token.id),
      probability: of(payload.before),
      adjusted: of(after),
      other_probability: others.before,
      other_adjusted: others.after,
      kept_tokens: after.kept,
      kept_mass: after.keptMass,
      entropy_bits: after.entropy,
      stages: after.stages,
      other_order: { kept_tokens: this.other.kept, total_variation: totalVariation(after, this.other) },
      mistaken: this.wrong && { kept_tokens: this.wrong.kept, adjusted: of(this.wrong) },
      nucleus: after.edges && [after.edges.reaching - after.edges.low, after.edges.within - after.edges.low],
      many: this.many,
      drawn_rank: after.ranked.rankOf[this.place],
      drawn_id: this.drawn.id,
    };
  }
}
