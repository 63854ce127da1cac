// A text written by a model: its tokens, what could have come at each place, and the tree of all continuations.
// Everything comes ready from Python (figures/generation.py) and is set as text, never as markup. Clicks on the text
// only choose what is shown; going somewhere or taking a token is told to Python.

export default function (component) {
  const { parentElement, data } = component;
  let root = parentElement.querySelector(".generation");
  if (!root) {
    root = element("section", "generation");
    parentElement.append(root);
    root.board = new Board(root);
  }
  root.board.connect(data, component.setTriggerValue);
  return () => root.board.end();
}

function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}

function button(name, title, onclick) {
  const made = element("button", name);
  made.type = "button";
  if (title) made.title = title;
  made.onclick = onclick;
  return made;
}

function word(glyphs) {
  const made = element("b");
  made.append(...glyphs.map(([kind, shown]) => element(kind === "text" ? "span" : kind === "bytes" || kind === "code point" ? "code" : "i", "", shown)));
  return made;
}

const BEGINNING = 2, SHOWN_CHARACTERS = 90; // of a long branch in the tree: its first tokens, its end
const plain = (glyphs) => glyphs.map(([, shown]) => shown).join("");

class Board {
  constructor(root) {
    this.root = root;
    this.text = element("div", "g-text");
    this.panel = element("div", "panel");
    this.treeTitle = element("h4");
    this.tree = element("div", "tree");
    this.tree.tabIndex = 0;
    this.tree.setAttribute("role", "group");
    this.sideways = element("p", "sideways", "⟷ Scroll sideways: it goes on.");
    this.tree.onscroll = () => this.cue();
    root.append(this.text, this.panel, this.treeTitle, this.sideways, this.tree);
    this.watch = new ResizeObserver(() => this.edges());
  }

  connect(data, tell) {
    this.tell = tell;
    this.data = data;
    const known = this.signature === data.signature;
    this.signature = data.signature;
    if (known && this.root.childElementCount) return;
    this.chosen = null; // the next token
    this.drawText();
    this.drawPanel();
    this.drawTree();
  }

  end() {
    this.watch.disconnect();
  }

  say(what, value) {
    this.tell(what, { ...value, signature: this.data.signature });
  }

  drawText() {
    const { data } = this;
    this.text.hidden = !data.tokens;
    if (!data.tokens) return;
    const prompt = element("span", "g-prompt");
    prompt.append(...word(data.prompt).childNodes);
    this.chips = data.tokens.map((token, place) => {
      const chip = button(`g-token gk${token.kind}`, "", () => this.choose(place));
      chip.append(word(token.glyphs), element("small", "", token.below));
      if (token.forced) chip.classList.add("forced");
      chip.setAttribute("aria-label", `${plain(token.glyphs)}, ${token.below}`);
      return chip;
    });
    const nodes = [prompt];
    this.chips.forEach((chip, place) => {
      nodes.push(chip);
      if (data.tokens[place].glyphs.at(-1)?.[0] === "newline") nodes.push(element("br"));
    });
    if (data.next) {
      this.nextChip = button("g-token coming", "What may come next", () => this.choose(null));
      this.nextChip.append(element("b", "", "?"), element("small", "", "next"));
      nodes.push(this.nextChip);
    } else this.nextChip = null;
    this.text.replaceChildren(...nodes);
    if (!data.next && data.tokens.length) this.chosen = data.tokens.length - 1;
  }

  choose(place) {
    this.chosen = place;
    this.drawPanel();
  }

  drawPanel() {
    const { data } = this;
    const of = this.chosen === null ? data.next : data.tokens?.[this.chosen];
    this.panel.hidden = !of;
    if (!of) return;
    this.panel.classList.toggle("plain", of.plain);
    this.chips.forEach((chip, place) => chip.setAttribute("aria-pressed", String(place === this.chosen)));
    this.nextChip?.setAttribute("aria-pressed", String(this.chosen === null));
    const isNext = this.chosen === null;
    const from = isNext ? data.at : of.parent;
    const head = element("p", "head");
    head.append(element("strong", "", isNext ? "What may come next" : `Token ${this.chosen + 1}: what could have come`));
    const how = isNext && data.greedy ? data.greedy : isNext && of.alone ? "The settings leave ▸ alone: nothing is drawn." : isNext ? `The seed's next number, u = ${of.u.toFixed(4)}, falls on ▸.` : of.forced ? "You chose it (▸)." : of.u === null ? "▸ was taken." : of.alone ? "The settings left ▸ alone: nothing was drawn." : `The seed's number, u = ${of.u.toFixed(4)}, fell on ▸.`;
    head.append(element("span", "", ` ${how} Click one to ${isNext ? "go on with it" : "branch off with it here"}.`));
    const most = Math.max(...of.options.map((option) => option.p));
    const rows = of.options.map((option) => {
      const taken = option.id === of.id;
      const row = button(`option${taken ? " taken" : ""}${option.adjusted === "cut" ? " cut" : ""}`, "", () => this.say("take", { node: from, token: option.id }));
      row.disabled = taken && !isNext;
      const bar = element("span", "bar");
      const fill = element("span", `fill gk${option.kind}`);
      fill.style.width = `${Math.max(0.5, (100 * option.p) / most)}%`;
      bar.append(fill);
      const name = element("span", "name");
      name.append(word(option.glyphs));
      if (option.end) name.append(element("em", "", " ends the text"));
      row.append(element("span", "mark", taken ? "▸" : ""), name, bar, element("span", "share", option.share));
      if (!of.plain) row.append(element("span", "share after", option.adjusted));
      return row;
    });
    const rest = element("p", "rest", `All other tokens together: ${of.rest}.${of.plain ? "" : " Right column: after the settings."}`);
    const parts = [head, ...rows, rest];
    if (!isNext && this.chosen < data.tokens.length - 1) {
      const back = button("back", "", () => this.say("go", { node: of.node }));
      back.textContent = "⟲ Go back to here";
      parts.push(back);
    }
    this.panel.replaceChildren(...parts);
  }

  drawTree() {
    const { data } = this;
    const nodes = data.tree ?? [];
    this.tree.hidden = this.treeTitle.hidden = this.sideways.hidden = !nodes.length;
    if (!nodes.length) return;
    this.treeTitle.textContent = data.treeTitle;
    this.tree.setAttribute("aria-label", data.treeTitle);
    const grid = element("div", "grid");
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.boxes = new Map();
    let name = element("b", "", "prompt");
    if (data.tokens) {
      name = button("", "To the prompt", () => this.say("go", { node: 0 }));
      name.textContent = "prompt";
    }
    grid.append(this.svg, this.box({ node: 0, column: 0, row: 0, state: "root on" }, name));
    for (const node of nodes) grid.append(this.box(node, node.tokens ? this.stretch(node.tokens) : word(node.glyphs)));
    this.tree.replaceChildren(grid);
    this.watch.disconnect();
    this.watch.observe(grid);
    this.watch.observe(this.tree);
    this.edges();
    const here = this.boxes.get(data.at);
    if (here) this.tree.scrollLeft = here.offsetLeft + Math.min(here.offsetWidth + 24, this.tree.clientWidth) - this.tree.clientWidth;
  }

  box(node, name) {
    const made = element("div", `node ${node.kind >= 0 ? `gk${node.kind}` : ""} ${node.state}`);
    if (node.node === this.data.at && this.data.tokens) made.setAttribute("aria-current", "true");
    made.style.gridColumn = node.column + 1;
    made.style.gridRow = node.row + 1;
    made.title = node.title ?? "";
    made.append(name);
    if (node.below) made.append(element("small", "", node.below));
    this.boxes.set(node.node, made);
    return made;
  }

  // A long branch shows how it begins and its end, where the reader may stand; the rest comes by a click.
  stretch(tokens) {
    const made = element("div", "stretch");
    const links = tokens.map((token) => {
      const link = button(`gk${token.kind}${token.forced ? " forced" : ""}`, `${token.title}: go here`, () => this.say("go", { node: token.node }));
      link.append(...word(token.glyphs).childNodes);
      return link;
    });
    let shown = 0, from = tokens.length;
    while (from > BEGINNING && shown < SHOWN_CHARACTERS) shown += plain(tokens[--from].glyphs).length + 1;
    const hidden = links.slice(BEGINNING, from);
    if (hidden.length < 3) {
      made.append(...links);
      return made;
    }
    const more = button("more", `Show ${hidden.length} more tokens`, () => more.replaceWith(...hidden));
    more.textContent = `… +${hidden.length}`;
    made.append(...links.slice(0, BEGINNING), more, ...links.slice(from));
    return made;
  }

  cue() {
    const { scrollLeft, scrollWidth, clientWidth } = this.tree;
    this.sideways.hidden = scrollWidth <= clientWidth + 1;
    this.tree.classList.toggle("before", scrollLeft > 4);
    this.tree.classList.toggle("after", scrollLeft + clientWidth < scrollWidth - 4);
  }

  edges() {
    if (!this.svg) return;
    this.cue();
    const grid = this.svg.parentElement;
    this.svg.setAttribute("width", grid.scrollWidth);
    this.svg.setAttribute("height", grid.scrollHeight);
    const lines = this.data.tree.map((node) => {
      const from = this.boxes.get(node.parent), to = this.boxes.get(node.node);
      if (!from || !to) return null;
      const y = to.offsetTop + to.offsetHeight / 2, x = to.offsetLeft;
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      const across = from.offsetLeft + from.offsetWidth;
      const middle = from.offsetTop + from.offsetHeight / 2, gap = x - 7, turn = y > middle ? 5 : -5;
      const same = Math.abs(y - middle) < 12;
      path.setAttribute("d", same ? `M ${across} ${y} H ${x}` : `M ${across} ${middle} H ${gap - 5} q 5 0 5 ${turn} V ${y - turn} q 0 ${turn} 5 ${turn} H ${x}`);
      path.setAttribute("class", node.state);
      return path;
    });
    this.svg.replaceChildren(...lines.filter(Boolean));
  }
}
