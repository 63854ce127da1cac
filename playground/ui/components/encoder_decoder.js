// An encoder–decoder's steps: where it looks, what it may write, what it is fed next. All steps are here at once, so the
// slider and the film move without the server; where they come to rest is told to Python, for the address.

const FRAME_MS = 900, REST_MS = 350;

export default function (component) {
  const root = component.parentElement.querySelector(".seq");
  root.player ??= new Player(root);
  root.player.connect(component.data, component.setTriggerValue);
  return () => root.player.stop();
}

class Player {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector("." + name);
    this.range = this.find("where");
    this.button = this.find("play");
    this.button.onclick = () => (this.timer ? this.stop(true) : this.play());
    this.find("first").onclick = () => this.go(1);
    this.find("back").onclick = () => this.go(this.at - 1);
    this.find("next").onclick = () => this.go(this.at + 1);
    this.range.oninput = () => this.go(+this.range.value);
  }

  connect(data, send) {
    this.send = send;
    if (this.signature === data.signature) return;
    this.stop();
    Object.assign(this, { data, signature: data.signature });
    this.root.style.setProperty("--look", data.colour);
    this.root.style.setProperty("--kept", data.kept);
    this.range.max = data.steps.length;
    this.letters = data.source.map((text) => made("span", "letter", text));
    this.find("source").replaceChildren(...this.letters);
    this.show(data.at);
  }

  play() {
    if (this.at >= this.data.steps.length) this.show(1);
    this.timer = setInterval(() => {
      this.show(this.at + 1);
      if (this.at >= this.data.steps.length) this.stop(true);
    }, FRAME_MS);
    this.button.textContent = "❚❚ Pause";
  }

  stop(tell = false) {
    clearInterval(this.timer);
    this.timer = null;
    this.button.textContent = "▶ Play";
    if (tell) this.tell();
  }

  go(at) {
    this.stop();
    this.show(at);
    this.tell();
  }

  tell() {
    clearTimeout(this.waiting);
    const { at, signature } = this;
    this.waiting = setTimeout(() => this.send("step", { at, signature }), REST_MS);
  }

  show(at) {
    const { steps } = this.data;
    this.at = Math.max(1, Math.min(steps.length, at));
    const step = steps[this.at - 1];
    this.range.value = this.at;
    this.find("count").textContent = `step ${this.at} of ${steps.length}`;
    this.letters.forEach((letter, i) => {
      letter.style.setProperty("--w", `${Math.round(100 * step.weights[i])}%`);
      letter.style.color = step.weights[i] > 0.4 ? this.data.ink : "";
      letter.title = `weight ${step.weights[i].toFixed(3)}`;
    });
    const last = step.written.at(-1);
    this.find("looks").replaceChildren("mostly at ", made("b", "", step.looks));
    this.find("fed").replaceChildren(...step.fed.map((text) => made("span", "letter", text)));
    this.find("out").replaceChildren(made("span", "letter new", last), step.end ? made("span", "what", " the end of the sequence: it stops") : "");
    this.find("options").replaceChildren(...step.options.map((option) => {
      const row = made("div", option.taken ? "option taken" : "option"), bar = made("i");
      bar.style.width = `${Math.max(0.5, 100 * option.p)}%`;
      const track = made("span", "track");
      track.append(bar);
      row.append(made("b", "", option.token), track, made("span", "share", option.share));
      return row;
    }));
    this.range.setAttribute("aria-valuetext", `step ${this.at}: writes ${last}, looks mostly at ${step.looks}`);
  }
}

function made(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}
