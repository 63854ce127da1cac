// One training step of one or two variants, event by event: which rank holds what, and the memory curve under it.
// The films share one clock (the model's own arithmetic), so a step moves both. All of it runs in the browser.

const STATES = ["none", "share", "local", "whole"];
const FRAME_MS = 650;
const BETWEEN_MS = 30;

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".film");
  const kept = root.player;
  kept?.stop();
  const signature = JSON.stringify(data.films.map((f) => f.title)) + data.beats.length;
  if (kept?.signature === signature) return () => kept.stop();
  root.player = new Player(root, data, signature);
  return () => root.player.stop();
}

class Player {
  constructor(root, data, signature) {
    Object.assign(this, { root, data, signature, at: 0, timer: null });
    const find = (name) => root.querySelector("." + name);
    this.range = find("where");
    this.range.max = data.beats.length - 1;
    this.button = find("play");
    this.button.onclick = () => (this.timer ? this.stop() : this.play());
    find("back").onclick = () => { this.stop(); this.show(this.at - 1); };
    find("next").onclick = () => { this.stop(); this.show(this.at + 1); };
    find("first").onclick = () => { this.stop(); this.show(0); };
    this.range.oninput = () => { this.stop(); this.show(+this.range.value); };
    find("speed").onchange = (event) => { this.speed = +event.target.value; };
    this.speed = +find("speed").value;
    root.onkeydown = (event) => {
      if (event.key === " " && event.target.tagName !== "BUTTON" && event.target.tagName !== "SELECT") {
        event.preventDefault();
        this.button.click();
      }
    };
    this.sides = data.films.map((film) => new Side(film, data));
    find("sides").replaceChildren(...this.sides.map((side) => side.root));
    for (const mark of root.querySelectorAll(".key i")) mark.style.setProperty("--c", data.colours[mark.dataset.of]);
    this.show(0);
  }

  play() {
    if (this.at >= this.data.beats.length - 1) this.show(0);
    const step = () => {
      this.timer = setTimeout(step, FRAME_MS / this.speed);
      this.show(this.at + 1);
      if (this.at >= this.data.beats.length - 1) this.stop();
    };
    this.timer = setTimeout(step, BETWEEN_MS);
    this.button.textContent = "❚❚ Pause";
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.button.textContent = "▶ Play";
  }

  show(at) {
    this.at = Math.max(0, Math.min(this.data.beats.length - 1, at));
    this.range.value = this.at;
    const beat = this.data.beats[this.at];
    for (const side of this.sides) side.show(beat);
    const phases = this.sides.map((side) => side.phase).filter(Boolean);
    this.root.querySelector(".phase").textContent = phases[0] === "optimizer" ? "Update" : capital(phases[0] ?? "forward");
    this.range.setAttribute("aria-valuetext", this.sides.map((side) => side.film.title + ": " + side.said).join(" "));
  }
}

class Side {
  constructor(film, data) {
    Object.assign(this, { film, data });
    this.root = made("div", "side");
    const rows = film.units.map((unit) => `${Math.max(unit.share, 0.07)}fr`).join(" ");
    const grid = made("div", "grid"), ranks = made("div", "ranks");
    this.names = made("div", "names");
    this.names.style.gridTemplateRows = rows;
    this.names.append(...film.units.map((unit) => made("span", "", unit.name)));
    this.cells = [];
    for (let rank = 0; rank < film.ranks; rank++) {
      const column = made("div", "rank"), mine = {};
      for (const part of ["parameters", "gradients", "optimizer"]) {
        const pile = made("div", "pile");
        pile.style.cssText = `grid-template-rows: ${rows}; height: 15rem`;
        mine[part] = film.units.map(() => {
          const cell = made("div", "cell");
          cell.style.setProperty("--c", data.colours[part]);
          cell.append(made("i", "rest"), made("i", "own"));
          return cell;
        });
        pile.append(...mine[part]);
        column.append(pile);
      }
      column.append(made("div", "below", `rank ${rank}`));
      this.cells.push(mine);
      ranks.append(column);
    }
    grid.append(this.names, ranks);
    this.names.style.height = "15rem";
    this.say = made("p", "say");
    this.figures = made("div", "figures");
    this.root.append(made("div", "title", film.title), made("div", "api", film.api), made("div", "note", film.note), this.say, grid, this.curve(), this.figures);
  }

  /** Bytes on rank 0 over the step: a staircase of parameters, gathered parameters, gradients, optimizer states. */
  curve() {
    const { frames } = this.film, { beats, most, colours } = this.data;
    const first = beats[0], span = beats.at(-1) - first || 1, x = (beat) => (100 * (beat - first)) / span;
    const box = made("div", "curve"), svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 100 100");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `Memory of rank 0 over the step; at its fullest ${this.film.peak}`);
    const order = [3, 2, 0, 1], paint = [colours.parameters, colours.parameters, colours.gradients, colours.optimizer];
    const bottom = frames.map(() => 0);
    for (const part of order) {
      const lower = [...bottom], up = [], down = [];
      frames.forEach((frame, i) => {
        bottom[i] += frame.held[part];
        const [from, to] = [i ? x(frame.beat) : 0, i + 1 < frames.length ? x(frames[i + 1].beat) : 100];
        up.push([from, bottom[i]], [to, bottom[i]]);
        down.unshift([to, lower[i]], [from, lower[i]]);
      });
      const shape = document.createElementNS(svg.namespaceURI, "polygon");
      shape.setAttribute("points", [...up, ...down].map(([a, b]) => `${a},${100 - (100 * b) / most}`).join(" "));
      shape.setAttribute("fill", paint[part]);
      if (part === 1) shape.setAttribute("fill-opacity", "0.45");
      svg.append(shape);
    }
    this.head = made("div", "head");
    const phases = made("div", "phases");
    const starts = ["forward", "backward", "optimizer"].map((phase) => frames.find((f) => f.phase === phase)?.beat ?? 0);
    ["forward", "backward", "update"].forEach((name, i) => {
      const mark = made("span", "", name);
      mark.style.width = `${x(starts[i + 1] ?? beats.at(-1)) - (i ? x(starts[i]) : 0)}%`;
      phases.append(mark);
    });
    this.x = x;
    box.append(svg, this.head, phases);
    return box;
  }

  show(beat) {
    const { film } = this, frame = film.frames.findLast((f) => f.beat <= beat + 1e-9);
    const now = frame ?? { p: film.frames[0].kind === "collective" ? film.units.map(() => 1) : film.frames[0].p, g: film.units.map(() => 0), label: "", say: "Before the step.", size: "", kind: "", sent: "0 B", held_text: film.before };
    const fresh = frame && Math.abs(frame.beat - beat) < 1e-9;
    this.phase = frame?.phase;
    this.said = now.say;
    this.say.replaceChildren(made("b", "", now.say), now.size ? ` ${now.size}.` : "");
    this.say.style.opacity = fresh || !frame ? 1 : 0.6;
    const named = now.label.split(", "), touched = film.units.map((unit) =>
      named.includes(unit.name) || (named.includes("root") && ["embeddings", "head"].includes(unit.name)));
    film.units.forEach((unit, row) => {
      this.names.children[row].classList.toggle("now", !!fresh && touched[row]);
      this.cells.forEach((mine, rank) => {
        const place = rank % film.shard, part = 100 / film.shard;
        paint(mine.parameters[row], now.p[row], place, part, film.frames.at(-1).p[row] === 3);
        paint(mine.gradients[row], now.g[row], place, part, true);
        paint(mine.optimizer[row], film.optimizer, place, part, true);
        const moving = fresh && frame.kind === "collective" && touched[row];
        mine.parameters[row].classList.toggle("moving", !!moving && ["all_gather", "broadcast"].includes(frame.op));
        mine.gradients[row].classList.toggle("moving", !!moving && ["all_reduce", "reduce_scatter"].includes(frame.op));
      });
    });
    this.head.style.left = `${this.x(beat)}%`;
    this.figures.replaceChildren(
      pair("rank 0 holds", now.held_text || "—"), pair("at most", film.peak.split(" = ")[0]), pair("sent by ring", `${now.sent} of ${film.sent}`));
  }
}

/** One cell: this rank's own slice solid; the rest empty, solid (kept whole) or hatched (there for the moment). */
function paint(cell, state, place, part, kept) {
  const [rest, own] = cell.children, name = STATES[state];
  cell.classList.toggle("gathered", name === "whole" && !kept);
  cell.classList.toggle("local", name === "local");
  own.style.top = `${place * part}%`;
  own.style.height = `${part}%`;
  own.style.opacity = name === "none" || name === "local" ? 0 : 1;
  rest.style.top = "0";
  rest.style.height = "100%";
  rest.style.opacity = name === "whole" || name === "local" ? 1 : 0;
}

function pair(name, value) {
  const both = made("span", "", `${name} `);
  both.append(made("b", "", value));
  return both;
}

function made(tag, name, text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

function capital(word) {
  return word[0].toUpperCase() + word.slice(1);
}
